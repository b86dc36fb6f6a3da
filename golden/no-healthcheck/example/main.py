from fastapi import FastAPI

app = FastAPI(title="tides")


@app.get("/health")
def health() -> dict[str, str]:
    return {"status": "ok"}
