/** What a source's catalog says about tables and types, and the session its values are read in. */
@NullMarked
package dev.headwater.log.catalog;

import org.jspecify.annotations.NullMarked;
