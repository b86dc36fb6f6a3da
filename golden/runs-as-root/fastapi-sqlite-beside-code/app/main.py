from fastapi import FastAPI
from sqlalchemy import create_engine, text

from app.settings import DATABASE_URL

engine = create_engine(DATABASE_URL)
app = FastAPI()


@app.get("/health")
def health():
    with engine.connect() as connection:
        return {"database": connection.execute(text("select 1")).scalar()}
