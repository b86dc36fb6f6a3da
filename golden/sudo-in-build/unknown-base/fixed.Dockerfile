FROM registry.example.org/team/base:7
# a plain apt-get shows that root runs this
RUN apt-get update && apt-get install -y sudo git
RUN chown root:root /opt && apt-get clean && /opt/vendor/setup
