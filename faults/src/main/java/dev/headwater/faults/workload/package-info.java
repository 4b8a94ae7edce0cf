/** Who writes to the source, and knows what was acknowledged. */
@NullMarked
package dev.headwater.faults.workload;

import org.jspecify.annotations.NullMarked;
