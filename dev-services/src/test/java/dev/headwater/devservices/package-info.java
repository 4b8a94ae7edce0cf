/** Every server is tried out for real. */
@NullMarked
package dev.headwater.devservices;

import org.jspecify.annotations.NullMarked;
