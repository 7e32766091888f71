from comptes.views.acces import accept_invitation, switch_role
from comptes.views.donnees import (
    erase_my_data,
    export_my_data,
    my_data,
)
from comptes.views.jetons import (
    jeton_api_list,
    jeton_api_revoke,
)
from comptes.views.notifications import notifications
from comptes.views.support import (
    log_detail,
    log_lift,
    log_search,
    log_send_again,
    message_detail,
    message_html,
    message_list,
)

__all__ = [
    "accept_invitation",
    "erase_my_data",
    "export_my_data",
    "jeton_api_list",
    "jeton_api_revoke",
    "log_detail",
    "log_lift",
    "log_search",
    "log_send_again",
    "message_detail",
    "message_html",
    "message_list",
    "my_data",
    "notifications",
    "switch_role",
]
