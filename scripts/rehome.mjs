#!/usr/bin/env node
// The command line as an executable: the bundle itself cannot keep a first line that says so.
import '../dist/apps/cli/main.js';
