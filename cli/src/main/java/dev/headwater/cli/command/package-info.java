/** The commands, one file each. */
@NullMarked
package dev.headwater.cli.command;

import org.jspecify.annotations.NullMarked;
