#pragma once

// Teaches ncurses the sequences around a paste. Call with the terminal open.
void octerm_define_keys(void);
