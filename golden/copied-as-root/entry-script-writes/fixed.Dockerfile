FROM ruby:3.3-slim
RUN groupadd --gid 1000 rails && useradd --uid 1000 --gid rails --create-home rails
WORKDIR /home/rails/app
RUN chown rails:rails /home/rails/app
USER rails
COPY --link Gemfile ./
RUN bundle install
COPY --chown=rails:rails . .
ENTRYPOINT ["./docker-entrypoint.sh"]
CMD ["bundle", "exec", "puma"]
