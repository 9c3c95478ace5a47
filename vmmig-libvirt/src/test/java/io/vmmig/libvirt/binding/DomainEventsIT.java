// SPDX-License-Identifier: Apache-2.0
package io.vmmig.libvirt.binding;

import static org.assertj.core.api.Assertions.assertThat;

import io.vmmig.libvirt.binding.DomainEvent.Kind;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** With the guests that libvirt makes up for tests: what is tried is only how its reports come. */
@Timeout(60)
class DomainEventsIT {
    private static List<Kind> next(BlockingQueue<DomainEvent> events, int count) throws InterruptedException {
        List<Kind> kinds = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            DomainEvent event = events.poll(10, TimeUnit.SECONDS);
            assertThat(event).as("report " + i).isNotNull();
            kinds.add(event.kind());
        }
        return kinds;
    }

    @Test
    void eachWatchOfADomainIsToldInItsOrderUntilItEnds() throws Exception {
        BlockingQueue<DomainEvent> first = new LinkedBlockingQueue<>();
        BlockingQueue<DomainEvent> second = new LinkedBlockingQueue<>();
        try (Connection connection = Connection.open("test:///default");
                Domain domain = connection.domain("test");
                DomainEvents everything = DomainEvents.of(connection, domain, true, first::add)) {
            try (DomainEvents lifecycle = DomainEvents.of(connection, domain, false, second::add)) {
                assertThat(lifecycle.connection().isAlive()).isTrue();
                domain.suspend();
                domain.resume();
                assertThat(next(first, 2)).containsExactly(Kind.SUSPENDED, Kind.RESUMED);
                assertThat(next(second, 2)).containsExactly(Kind.SUSPENDED, Kind.RESUMED);
            }
            domain.destroy();
            assertThat(first.poll(10, TimeUnit.SECONDS)).isNotNull().satisfies(event -> assertThat(event.words())
                    .isEqualTo("it was ended (destroyed)"));
            assertThat(second).isEmpty();
            assertThat(everything.connection().isAlive()).isTrue();
        }
    }

    /** libvirt takes a function only once for a domain, and may still call one that it was told to forget. */
    @Test
    void anyNumberOfWatchesMayComeAndGo() throws Exception {
        BlockingQueue<DomainEvent> told = new LinkedBlockingQueue<>();
        try (Connection connection = Connection.open("test:///default");
                Domain domain = connection.domain("test")) {
            for (int i = 0; i < 100; i++) {
                try (DomainEvents events = DomainEvents.of(connection, domain, true, told::add)) {
                    domain.suspend();
                    domain.resume();
                    assertThat(next(told, 2)).containsExactly(Kind.SUSPENDED, Kind.RESUMED);
                    assertThat(events.connection().isAlive()).isTrue();
                }
            }
        }
        assertThat(told).isEmpty();
    }
}
