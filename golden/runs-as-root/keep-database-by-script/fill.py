import sqlite3

with sqlite3.connect("birds.db") as book:
    book.execute("create table if not exists seen (bird text)")
