/** The servers of dev-services in containers, by Testcontainers; on a class path only in tests. */
@NullMarked
package dev.headwater.devcontainers;

import org.jspecify.annotations.NullMarked;
