package dev.headwater.sinks.postgres;

import dev.headwater.devservices.SharedServices;
import dev.headwater.sinks.SinkTarget;
import dev.headwater.sinks.VerificationContract;

class ReplicaVerificationIT extends VerificationContract {
  @Override
  protected SinkTarget target() {
    return Replica.on(SharedServices.postgres());
  }
}
