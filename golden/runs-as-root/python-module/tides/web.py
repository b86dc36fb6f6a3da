import argparse

from aiohttp import web


async def level(request: web.Request) -> web.Response:
    return web.json_response({"place": request.query.get("place", "harbour"), "level": 2.4})


given = argparse.ArgumentParser()
given.add_argument("--port", type=int, default=8080)
app = web.Application()
app.add_routes([web.get("/", level)])
web.run_app(app, port=given.parse_args().port)
