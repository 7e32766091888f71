"""What beat starts, and when. Each entry names a task of a `jobs.py`; a test checks that it exists."""

from typing import Any

from celery.schedules import crontab

SCHEDULE: dict[str, dict[str, Any]] = {
    "notifications: send what is left": {
        "task": "notifications.jobs.sweep",
        "schedule": crontab(),  # every minute
    },
    "notifications: purge the mail log": {
        "task": "notifications.jobs.purge",
        "schedule": crontab(day_of_month=1, hour=4, minute=10),
    },
    "comptes: warn of the API tokens about to expire": {
        "task": "comptes.jobs.warn_of_expiring_tokens",
        "schedule": crontab(hour=6, minute=40),
    },
    "comptes: forget who called the API": {
        "task": "comptes.jobs.forget_callers",
        "schedule": crontab(hour=3, minute=5),
    },
    "comptes: delete the tokens that ended twelve months ago": {
        "task": "comptes.jobs.delete_old_tokens",
        "schedule": crontab(hour=3, minute=25),
    },
    "candidatures: remind those who gave no news for eleven months": {
        "task": "candidatures.jobs.remind_silent_candidats",
        "schedule": crontab(hour=7, minute=0),
    },
    "candidatures: expire those who gave no news for twelve": {
        "task": "candidatures.jobs.expire_silent_candidatures",
        "schedule": crontab(hour=7, minute=10),
    },
    "candidatures: activate those who came of age": {
        "task": "candidatures.jobs.activate_adults",
        "schedule": crontab(hour=7, minute=20),
    },
    "candidatures: delete abandoned drafts": {
        "task": "candidatures.jobs.delete_abandoned_drafts",
        "schedule": crontab(hour=3, minute=0),
    },
    "candidatures: erase the CVs nobody renewed for six months": {
        "task": "candidatures.jobs.delete_old_cvs",
        "schedule": crontab(hour=3, minute=10),
    },
    "candidatures: forget those who gave no news for 24 months": {
        "task": "candidatures.jobs.erase_old_candidatures",
        "schedule": crontab(hour=3, minute=15),
    },
    "candidatures: check the CVs that still wait": {
        "task": "candidatures.jobs.check_waiting_cvs",
        "schedule": crontab(minute=35),
    },
    "candidatures: delete the files of deposits cut short": {
        "task": "candidatures.jobs.delete_orphan_cv_files",
        "schedule": crontab(hour=3, minute=20),
    },
    "structures: pass on the requests whose préfet did not answer": {
        "task": "structures.jobs.pass_on_late_demandes",
        "schedule": crontab(minute=10, hour=5),
    },
    "structures: verify in the directory what was typed by hand": {
        "task": "structures.jobs.verify_structures",
        "schedule": crontab(minute=25),
    },
    "structures: delete the drafts nobody came back to": {
        "task": "structures.jobs.delete_stale_drafts",
        "schedule": crontab(minute=40, hour=4),
    },
    "matching: settle proposals": {
        "task": "matching.jobs.run",
        "schedule": crontab(hour="2", minute="30"),
    },
    "matching: close what nobody answered": {
        "task": "matching.jobs.expire_unanswered",
        "schedule": crontab(hour="6", minute="10"),
    },
    "matching: remind both sides of the interviews of the day to come": {
        "task": "matching.jobs.remind_entretiens",
        "schedule": crontab(minute=35),
    },
    "contrats: start those whose day has come": {
        "task": "contrats.jobs.start_contrats",
        "schedule": crontab(hour="0", minute="20"),
    },
    "accompagnements: count what is still marked": {
        "task": "accompagnements.jobs.refresh_statistics",
        "schedule": crontab(),  # every minute
    },
    "accompagnements: erase the persons followed nobody has seen for 24 months": {
        "task": "accompagnements.jobs.erase_old_beneficiaires",
        "schedule": crontab(hour=3, minute=30),
    },
    "accompagnements: delete the shared links that ended twelve months ago": {
        "task": "accompagnements.jobs.delete_old_liens",
        "schedule": crontab(hour=3, minute=35),
    },
    "accompagnements: count every month again and compare": {
        "task": "accompagnements.jobs.rebuild_statistics",
        "schedule": crontab(hour=3, minute=40),
    },
    "accompagnements: erase the files asked for that have expired": {
        "task": "accompagnements.jobs.remove_old_livraisons",
        "schedule": crontab(minute=50),
    },
    "accompagnements: close the imports nobody came back to": {
        "task": "accompagnements.jobs.close_forgotten_imports",
        "schedule": crontab(hour=3, minute=50),
    },
    "accompagnements: read the received files that still wait": {
        "task": "accompagnements.jobs.read_waiting_imports",
        "schedule": crontab(minute=45),
    },
    "accompagnements: place the lieux whose address waits for the geocoder": {
        "task": "accompagnements.jobs.place_lieux",
        "schedule": crontab(minute=40),
    },
    # Every hour: it is nine o'clock somewhere.
    "pilotage: remind conseillers who logged nothing for long": {
        "task": "pilotage.jobs.remind_silent_conseillers",
        "schedule": crontab(minute=20),
    },
    "pilotage: send the digests of the week": {
        "task": "pilotage.jobs.send_weekly_digests",
        "schedule": crontab(minute=50),
    },
}
