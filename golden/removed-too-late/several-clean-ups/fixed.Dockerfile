FROM node:20
RUN npm install -g serve@14 && npm cache clean --force && rm -rf /root/.npm
COPY public /site
CMD ["serve", "/site"]
