# Values that are not just words; `$(…)` is not run by Docker.
FROM debian:bookworm-slim
ENV PROMPT="in the deep  blue sea"
ENV SHOUT="its fine, 5 \$ and no \$HOME here"
ENV FOLDER=My\ Documents
ENV PARTS="${USER}name and ${USER}name"
ENV REGEX="^\\d+ [a-z].txt"
ENV NOW=$(date)
ENV PS1="\u@\h:\w$ "
ENV CRON="never on Sunday * * * 1"
LABEL "com.example.note"='single, $quoted'
LABEL com.example.tab="one	two"
LABEL maintainer="O'Neil \\ \"Sons\" & \$Co"
CMD ["sh"]
