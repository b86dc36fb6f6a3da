from django.contrib.auth.models import Group
from django.http import HttpRequest, HttpResponse
from django.urls import path


def join(request: HttpRequest) -> HttpResponse:
    return HttpResponse(Group.objects.get_or_create(name="readers")[0].name)


urlpatterns = [path("", join)]
