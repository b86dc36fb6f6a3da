package log

import _ "go.uber.org/zap"
