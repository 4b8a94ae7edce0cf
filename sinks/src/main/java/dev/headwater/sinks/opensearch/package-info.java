/** A search index in OpenSearch, or in Elasticsearch, which speaks the same. */
@NullMarked
package dev.headwater.sinks.opensearch;

import org.jspecify.annotations.NullMarked;
