package dev.headwater.cli.load;

import dev.headwater.log.snapshot.LoadSession;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.util.Optional;
import java.util.function.Function;

/** A load's session that tells of each call, which may be answered in its place. */
final class ObservedSession {
  private ObservedSession() {}

  /**
   * @param observer takes a method's name; what it answers, if anything, is what the caller gets
   */
  static LoadSession of(LoadSession session, Function<String, Optional<Object>> observer) {
    return (LoadSession)
        Proxy.newProxyInstance(
            LoadSession.class.getClassLoader(),
            new Class<?>[] {LoadSession.class},
            (proxy, method, arguments) -> {
              Optional<Object> answer = observer.apply(method.getName());
              if (answer.isPresent()) {
                return answer.get();
              }
              try {
                return method.invoke(session, arguments);
              } catch (InvocationTargetException e) {
                throw e.getCause();
              }
            });
  }
}
