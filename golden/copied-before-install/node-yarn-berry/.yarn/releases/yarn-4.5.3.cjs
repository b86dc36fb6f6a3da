#!/usr/bin/env node
// Stands for the release of yarn that the project brings along.
