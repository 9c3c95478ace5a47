// SPDX-License-Identifier: Apache-2.0
package io.vmmig.libvirt;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.vmmig.error.HypervisorException;
import io.vmmig.error.Problem;
import io.vmmig.libvirt.SlowLibvirt.Call;
import java.time.Duration;
import java.time.Instant;
import java.util.UUID;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What a guest does not find by itself when it has been paused or restored: its clock, and links that are to be down. */
@Timeout(60)
class GuestAfterPauseTest {
    private static final UUID GUEST = new UUID(3, 4);
    private static final String AGENT =
            "<domain><devices><channel type='unix'><target type='virtio' name='org.qemu.guest_agent.0' state='%s'/></channel>"
                    + "</devices></domain>";
    private static final String DOWN =
            "<domain><devices><interface type='bridge'><mac address='52:54:00:00:00:01'/><link state='up'/></interface>"
                    + "<interface type='bridge'><mac address='52:54:00:00:00:02'/><link state='down'/></interface>"
                    + "<interface type='bridge'><mac address='52:54:00:00:00:03'/></interface></devices></domain>";

    private final SlowLibvirt libvirt = new SlowLibvirt(GUEST);
    private final Calls calls = new Calls(libvirt, Duration.ofSeconds(20));
    private final GuestCalls guest = new GuestCalls(calls, new Claims(), "guest", GUEST);

    @AfterEach
    void close() {
        calls.close();
    }

    @Test
    void anAgentSetsTheClockThatIsBehind() throws Exception {
        libvirt.runs();
        libvirt.shows(AGENT.formatted("connected"));
        Instant before = Instant.now();
        libvirt.hasTime(before.minusSeconds(90));
        assertThat(AgentClock.catchUp(guest)).isTrue();
        assertThat(libvirt.time()).isBetween(before, Instant.now());
    }

    /** As after a restore, where QEMU tells of an agent only once the guest runs. */
    @Test
    void anAgentThatShowsALittleLaterIsAwaited() throws Exception {
        libvirt.runs();
        libvirt.shows(AGENT.formatted("disconnected"), AGENT.formatted("connected"));
        libvirt.hasTime(Instant.EPOCH);
        assertThat(AgentClock.catchUp(guest)).isTrue();
        assertThat(libvirt.time()).isAfter(Instant.EPOCH);
    }

    @Test
    void aClockIsNeverSetBack() throws Exception {
        libvirt.runs();
        libvirt.shows(AGENT.formatted("connected"));
        Instant ahead = Instant.now().plusSeconds(3600);
        libvirt.hasTime(ahead);
        assertThat(AgentClock.catchUp(guest)).isTrue();
        assertThat(libvirt.time()).isEqualTo(ahead);
    }

    /** The guest itself decides when its agent answers. */
    @Test
    void aGuestWhoseAgentHangsCanStillBeMoved() throws Exception {
        Claims claims = new Claims();
        Calls hasty = new Calls(libvirt, Duration.ofMillis(300));
        try {
            libvirt.runs();
            libvirt.shows(AGENT.formatted("connected"));
            libvirt.hang(Call.SET_TIME);
            assertThatThrownBy(() -> AgentClock.catchUp(new GuestCalls(hasty, claims, "guest", GUEST).aside()))
                    .isInstanceOfSatisfying(HypervisorException.class, e -> assertThat(e.problem())
                            .isEqualTo(Problem.HYPERVISOR_TIMEOUT));
            claims.claim(GUEST, "guest");
            claims.release(GUEST);
        } finally {
            libvirt.finish(Call.SET_TIME);
            hasty.close();
        }
    }

    @Test
    void withoutAnAgentNothingIsAsked() throws Exception {
        libvirt.runs();
        libvirt.shows(
                "<domain><devices><channel type='unix'><target type='virtio' name='x'/></channel></devices></domain>");
        assertThat(AgentClock.catchUp(guest)).isFalse();
        assertThat(libvirt.made()).doesNotContain(Call.SET_TIME);
        assertThat(AgentClock.connected(AGENT.formatted("disconnected"))).contains(false);
    }

    @Test
    void linksThatAreToBeDownAreTakenDownOnceQemuHasReadItsState() throws Exception {
        libvirt.isPaused();
        libvirt.shows(DOWN.replace("<link state='down'/>", "<link state='down'/><alias name='net1'/>"));
        InterfaceLinks.takeDown(guest, DOWN);
        assertThat(libvirt.updates())
                .hasSize(2)
                .allMatch(xml -> xml.contains("52:54:00:00:00:02") && xml.contains("net1"));
        assertThat(libvirt.updates().get(0)).as("libvirt takes it for down").contains("<link state=\"up\"/>");
        assertThat(libvirt.updates().get(1)).contains("<link state=\"down\"/>");
    }

    @Test
    void linksThatAreUpStayUntouched() throws Exception {
        libvirt.isPaused();
        InterfaceLinks.takeDown(guest, DOWN.replace("'down'", "'up'"));
        assertThat(libvirt.made()).isEmpty();
    }
}
