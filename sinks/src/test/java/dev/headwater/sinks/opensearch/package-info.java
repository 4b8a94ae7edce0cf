/** The OpenSearch sink: its forms by themselves, and the sink against a real OpenSearch. */
@NullMarked
package dev.headwater.sinks.opensearch;

import org.jspecify.annotations.NullMarked;
