from django.contrib.admin.apps import AdminConfig


class ConseillerAdminConfig(AdminConfig):
    default_site = "conseiller.admin_site.ConseillerAdminSite"
