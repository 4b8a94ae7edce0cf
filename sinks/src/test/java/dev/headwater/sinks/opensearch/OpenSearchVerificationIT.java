package dev.headwater.sinks.opensearch;

import dev.headwater.devservices.SharedServices;
import dev.headwater.sinks.SinkTarget;
import dev.headwater.sinks.VerificationContract;

class OpenSearchVerificationIT extends VerificationContract {
  @Override
  protected SinkTarget target() {
    return new OpenSearchTarget(SharedServices.openSearch(), false);
  }
}
