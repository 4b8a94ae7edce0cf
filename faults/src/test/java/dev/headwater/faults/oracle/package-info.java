@NullMarked
package dev.headwater.faults.oracle;

import org.jspecify.annotations.NullMarked;
