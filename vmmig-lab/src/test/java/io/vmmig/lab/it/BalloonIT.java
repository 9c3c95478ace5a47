// SPDX-License-Identifier: Apache-2.0
package io.vmmig.lab.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import com.google.gson.JsonObject;
import io.vmmig.domain.DomainXml;
import io.vmmig.error.EndState;
import io.vmmig.error.Problem;
import io.vmmig.lab.Await;
import io.vmmig.lab.host.LabGuest;
import io.vmmig.lab.host.LabHost;
import io.vmmig.lab.host.Move;
import io.vmmig.lab.host.MoveFailed;
import io.vmmig.lab.host.ReceiveOptions;
import io.vmmig.lab.host.Restoring;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Guests whose memory does not tell what is free, and whose balloon does. */
@Tag("slow")
class BalloonIT {
    private static final int MEMORY_MIB = 320;
    private static final int JUNK_MIB = 80;
    private static final long MIB = 1 << 20;
    private static final Duration SOON = Duration.ofSeconds(30);

    @AfterEach
    void clear() {
        Hosts.clear();
    }

    private static Path file(String name) {
        return Hosts.lab().directory().resolve(name + ".vmmig");
    }

    /** One with much stale data in memory that it does not use. */
    private static LabGuest start(LabHost host, String name) {
        LabGuest guest =
                host.start(Hosts.tiny(host, name).memoryMib(MEMORY_MIB).node()).ready();
        guest.run("dd if=/dev/urandom of=/run/junk bs=1M count=" + JUNK_MIB + " 2>/dev/null && rm /run/junk");
        return guest;
    }

    /** All memory that the guest's kernel has, which what it lends is no part of. */
    private static long memoryMib(LabGuest guest) {
        return Long.parseLong(guest.run("awk '$1 == \"MemTotal:\" { print int($2 / 1024) }' /proc/meminfo"));
    }

    /** Lets the guest itself keep watch over how much that is. */
    private static void watch(LabGuest guest) {
        guest.run("(while usleep 50000; do grep MemTotal /proc/meminfo; done >/run/sizes 2>&1 </dev/null &)");
    }

    private static long leastMib(LabGuest guest) {
        return Long.parseLong(guest.run("sort -k2n /run/sizes | awk '{ print int($2 / 1024) }' | head -n 1"));
    }

    private static void awaitAllMemory(LabGuest guest, long allMib) {
        Await.until(guest.name() + " to have its memory back", SOON, () -> memoryMib(guest) == allMib);
    }

    private static JsonObject balloon(JsonObject report) {
        return report.getAsJsonObject("balloon");
    }

    @Test
    void whatIsFreeIsNotSentAndComesBack() {
        LabHost a = Hosts.a();
        LabGuest guest = start(a, "lender");
        String sum = guest.memorySum();
        long all = memoryMib(guest);
        watch(guest);

        JsonObject whole = a.save("lender", file("whole"), true, event -> {}).await();
        JsonObject less = a.saveBallooning("lender", file("less"), true, SOON, event -> {})
                .await();

        assertThat(whole.has("balloon")).isFalse();
        assertThat(whole.getAsJsonObject("freePages").get("keptBecause").getAsString())
                .contains("NUMA");
        assertThat(whole.get("packageBytes").getAsLong()).isGreaterThan(JUNK_MIB * MIB);
        assertThat(balloon(less).get("missedBytes").getAsLong()).isZero();
        long takenMib = balloon(less).get("takenBytes").getAsLong() / MIB;
        assertThat(takenMib).isGreaterThan(JUNK_MIB);
        assertThat(less.get("packageBytes").getAsLong())
                .isLessThan(whole.get("packageBytes").getAsLong() / 2);
        // A copy was made, and the guest goes on with all that it had.
        awaitAllMemory(guest, all);
        assertThat(leastMib(guest)).isBetween(all - takenMib - 1, all - JUNK_MIB);
        assertThat(guest.memorySum()).isEqualTo(sum);
        assertThat(a.xmlOf("lender")).doesNotContain("<stats");

        LabHost b = Hosts.b();
        Restoring restoring = b.restore(file("less"), ReceiveOptions.defaults());
        restoring.move().await();
        LabGuest copy = restoring.guest("lender").ticking();
        awaitAllMemory(copy, all);
        assertThat(copy.memorySum()).isEqualTo(sum);
        assertThat(copy.records().values()).allMatch(count -> count > 0);
        Await.until(
                "libvirt to know of it",
                SOON,
                () -> DomainXml.parse(b.xmlOf("lender")).currentMemoryBytes() == MEMORY_MIB * MIB);
        copy.run("dd if=/dev/urandom of=/run/junk bs=1M count=" + JUNK_MIB + " 2>/dev/null");
        assertThat(copy.memorySum()).isEqualTo(sum);
        assertThat(copy.console().log().complaints()).isEmpty();
    }

    @Test
    @Tag("faults")
    void whatWasLentComesBackWhenTheGuestStays() throws InterruptedException {
        LabHost c = Hosts.c();
        LabGuest guest = start(c, "stayer");
        String sum = guest.memorySum();
        long all = memoryMib(guest);
        watch(guest);
        CountDownLatch midway = new CountDownLatch(1);

        Move saving = c.saveBallooning("stayer", file("stayer"), false, SOON, event -> {
            if (event.get("phase").getAsString().equals("SNAPSHOT")) {
                midway.countDown();
            }
        });
        assertThat(midway.await(60, TimeUnit.SECONDS)).isTrue();
        assertThat(saving.cancel()).isTrue();
        MoveFailed failure = catchThrowableOfType(MoveFailed.class, saving::await);

        assertThat(failure.problem()).isEqualTo(Problem.CANCELLED);
        assertThat(failure.source()).isEqualTo(EndState.RUNS);
        guest.ticking();
        awaitAllMemory(guest, all);
        assertThat(leastMib(guest)).isLessThan(all - JUNK_MIB);
        assertThat(guest.memorySum()).isEqualTo(sum);
    }

    @Test
    void aGuestWhoseMemoryTellsWhatIsFreeIsNotAsked() {
        LabHost c = Hosts.c();
        LabGuest guest = Hosts.startTiny(c, "talker");

        // A guest that has just booted may have nothing but zeros in its free pages.
        guest.run("head -c 8000000 /dev/urandom >/run/junk && rm /run/junk");

        JsonObject report = c.saveBallooning("talker", file("talker"), true, SOON, event -> {})
                .await();

        assertThat(report.has("balloon")).isFalse();
        assertThat(report.getAsJsonObject("freePages").get("leftOut").getAsLong())
                .as(report.toString())
                .isPositive();
        guest.ticking();
    }

    @Test
    @Tag("faults")
    void aGuestThatDoesNotAnswerIsSentAsItIs() {
        LabHost c = Hosts.c();
        LabGuest guest = start(c, "deaf");
        guest.run("rmmod virtio_balloon");
        String sum = guest.memorySum();
        long all = memoryMib(guest);

        JsonObject report =
                c.saveBallooning("deaf", file("deaf"), true, SOON, event -> {}).await();

        assertThat(balloon(report).get("takenBytes").getAsLong()).isZero();
        assertThat(balloon(report).get("missedBecause").getAsString())
                .isEqualTo("it does not tell how much of its memory is free");
        assertThat(memoryMib(guest)).isEqualTo(all);
        assertThat(guest.memorySum()).isEqualTo(sum);
        assertThat(c.xmlOf("deaf")).doesNotContain("<stats");
    }
}
