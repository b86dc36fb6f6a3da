FROM python:3.12
COPY requirements.txt /src/
WORKDIR /src
RUN pip install -r requirements.txt
COPY . /src
RUN python -m pytest
