/**
 * What is put under load and broken: real servers behind proxies, and Headwater in processes of its
 * own.
 */
@NullMarked
package dev.headwater.faults.topology;

import org.jspecify.annotations.NullMarked;
