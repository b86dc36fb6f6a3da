FROM python:3.12-alpine AS build
RUN apk add --no-cache gcc musl-dev postgresql-dev libffi-dev tzdata
WORKDIR /usr/src/app
COPY requirements.txt .
RUN python -m venv /opt/venv
ENV PATH=/opt/venv/bin:$PATH
RUN pip install --no-cache-dir -r requirements.txt

FROM python:3.12-alpine
RUN apk add --no-cache libffi libgcc libpq tzdata
WORKDIR /usr/src/app
ENV PATH=/opt/venv/bin:$PATH
COPY --from=build /opt/venv/ /opt/venv/
COPY . .
CMD ["python", "app.py"]
