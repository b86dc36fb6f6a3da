from django.shortcuts import render
from django.urls import path


def catalogue(request):
    return render(request, "catalogue.html", {"items": ["lamp", "chair"]})


urlpatterns = [path("", catalogue)]
