@NullMarked
package dev.headwater.faults;

import org.jspecify.annotations.NullMarked;
