FROM node:20-alpine
RUN apk add --no-cache curl tini
COPY server.mjs /srv/
EXPOSE 80
ENTRYPOINT ["tini", "--", "docker-entrypoint.sh"]
CMD ["node", "/srv/server.mjs"]
