require("express")().listen(settings.port);
