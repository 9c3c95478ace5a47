// SPDX-License-Identifier: Apache-2.0
package io.vmmig.pipeline;

import static org.assertj.core.api.Assertions.assertThat;

import io.vmmig.error.HypervisorException;
import io.vmmig.error.Problem;
import io.vmmig.error.VmmigException;
import io.vmmig.event.MigrationEvent;
import io.vmmig.hypervisor.Guest;
import io.vmmig.hypervisor.Hypervisor;
import io.vmmig.report.Notice;
import java.lang.reflect.Proxy;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class GuestClockTest {
    private interface Agent {
        boolean catchUp() throws VmmigException;
    }

    private static List<Notice> notices(Agent agent, Duration lost) {
        Guest guest = (Guest) Proxy.newProxyInstance(
                GuestClockTest.class.getClassLoader(), new Class<?>[] {Guest.class}, (self, method, arguments) -> {
                    assertThat(method.getName()).isEqualTo("catchUpClock");
                    return agent.catchUp();
                });
        Hypervisor hypervisor = (Hypervisor) Proxy.newProxyInstance(
                GuestClockTest.class.getClassLoader(), new Class<?>[] {Hypervisor.class}, (self, method, arguments) -> {
                    assertThat(arguments).containsExactly("web-1");
                    return guest;
                });
        List<Notice> notices = new ArrayList<>();
        GuestClock.catchUp(hypervisor, "web-1", lost, new Recorder("web-1", List.of(event -> {
            if (event instanceof MigrationEvent.Noticed noticed) {
                notices.add(noticed.notice());
            }
        })));
        return notices;
    }

    @Test
    void aClockThatWasSetIsNoNews() {
        assertThat(notices(() -> true, Duration.ofHours(1))).isEmpty();
    }

    @Test
    void withoutAnAgentItIsSaidHowMuchTheClockHasLostAndWhatToDo() {
        assertThat(notices(() -> false, Duration.ofMillis(12_340)))
                .singleElement()
                .satisfies(notice -> {
                    assertThat(notice.kind()).isEqualTo(Notice.Kind.CLOCK_BEHIND);
                    assertThat(notice.text()).contains("has lost 12.3 s").contains("no agent in the guest");
                    assertThat(notice.remedy()).contains("virsh domtime web-1 --now");
                });
    }

    @Test
    void anAgentThatDoesNotAnswerFailsNothing() {
        Agent hung = () -> {
            throw new HypervisorException(
                    Problem.HYPERVISOR_TIMEOUT, "could not set the clock of web-1 within 5 ms", "");
        };
        assertThat(notices(hung, Duration.ofSeconds(2))).singleElement().satisfies(notice -> assertThat(notice.text())
                .contains("could not set the clock of web-1"));
    }

    @Test
    void lessThanASecondIsLeftToTheGuest() {
        assertThat(notices(() -> false, Duration.ofMillis(999))).isEmpty();
    }
}
