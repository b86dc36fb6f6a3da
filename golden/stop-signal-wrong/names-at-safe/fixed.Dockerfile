FROM registry.example.org/team/queue:3
STOPSIGNAL  SIGQUIT
