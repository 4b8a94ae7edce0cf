package dev.headwater.sinks;

/**
 * One row that a target, reached and well, refuses for what it holds.
 *
 * @param reason why, for people: the target's code, column or constraint; never a value of the row
 */
public record Refusal(FoldedRow row, String reason) {}
