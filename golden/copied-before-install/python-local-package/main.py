from common import client
