@NullMarked
package dev.headwater.log.catalog;

import org.jspecify.annotations.NullMarked;
