from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from common.exceptions import RuleError
from comptes.access import any_role
from comptes.forms import NotificationsForm
from comptes.http import CompteRequest
from notifications.selectors import kinds_for, wishes_of
from notifications.services import set_preferences


@any_role
@require_http_methods(["GET", "HEAD", "POST"])
def notifications(request: CompteRequest) -> HttpResponse:
    """How often one wants each message, for all the roles of the account: they share one mailbox."""
    adresse = request.user.email
    kinds = kinds_for(role.kind for role in request.roles)
    form = NotificationsForm(request.POST or None, kinds=kinds, wishes=wishes_of([adresse]), adresse=adresse)
    if request.method == "POST" and form.is_valid():
        try:
            set_preferences(adresse=adresse, rhythms=form.rhythms())
        except RuleError as error:
            form.add_rule_error(error)
        else:
            messages.success(request, _("Vos choix sont enregistrés. Ils valent dès le prochain message."))
            return redirect("comptes:notifications")
    always = [(kind.label, kind.when) for kind in kinds if not kind.has_choice]
    return render(request, "comptes/notifications/form.html", {"form": form, "always": always, "adresse": adresse})
