"""What happens to a structure, in the order of its journey: request, instruction, posts."""

from structures.services.depot import (
    confirm_demande,
    delete_stale_drafts,
    resume_demande,
    save_identifiant,
    save_step,
    send_resume_link,
    submit_demande,
)
from structures.services.instruction import (
    abandon_demande,
    close_session,
    create_session,
    give_avis,
    granted_decision,
    mark_duplicate,
    pass_on_without_avis,
    prepare_convention,
    prepare_decision,
    schedule_demande,
    sign_convention,
    validate_decision,
)
from structures.services.postes import fill_poste, free_poste
from structures.services.structure import save_structure, update_contact

__all__ = [
    "abandon_demande",
    "close_session",
    "confirm_demande",
    "create_session",
    "delete_stale_drafts",
    "fill_poste",
    "free_poste",
    "give_avis",
    "granted_decision",
    "mark_duplicate",
    "pass_on_without_avis",
    "prepare_convention",
    "prepare_decision",
    "resume_demande",
    "save_identifiant",
    "save_step",
    "save_structure",
    "schedule_demande",
    "send_resume_link",
    "sign_convention",
    "submit_demande",
    "update_contact",
    "validate_decision",
]
