// SPDX-License-Identifier: Apache-2.0
package io.vmmig.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.vmmig.Receiver;
import io.vmmig.bundle.ImageFormat;
import io.vmmig.bundle.Manifest;
import io.vmmig.content.Digest;
import io.vmmig.error.Problem;
import io.vmmig.error.VmmigException;
import io.vmmig.state.HostState;
import io.vmmig.transport.Offer;
import io.vmmig.transport.OutgoingSession;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A sender who says one thing in the manifest and another in the domain XML, to have files used as what they are not. */
@Timeout(60)
class HostileOfferTest {
    private static final Duration SOON = Duration.ofSeconds(20);
    private static final Manifest.Layer RAW = new Manifest.Layer(ImageFormat.RAW, 1 << 20, 1 << 20);
    private static final Manifest.Layer QCOW2 = new Manifest.Layer(ImageFormat.QCOW2, 1 << 20, 1 << 20);

    @TempDir
    private Path directory;

    private HostState state;
    private Manifest.Content held;

    @AfterEach
    void stopBuilding() throws Exception {
        state.images().references().close();
    }

    @BeforeEach
    void fillStore() throws Exception {
        state = HostState.open(directory.resolve("state"));
        Path image = Files.write(directory.resolve("image"), new byte[1 << 20]);
        Digest digest = state.images().add(image, ImageFormat.RAW);
        held = new Manifest.Content(digest, 1 << 20);
    }

    @Test
    void rawBytesAreNotUsedAsQcow2() throws Exception {
        Manifest.Disk disk = new Manifest.Disk("vda", List.of(RAW), null);
        assertThat(refusal(disk, "qcow2", "")).isEqualTo(Problem.PACKAGE_MALFORMED);
    }

    @Test
    void rawBytesOfOurOwnAreNotUsedAsQcow2() throws Exception {
        Manifest.Disk alone = new Manifest.Disk("vda", List.of(), new Manifest.Base(held, ImageFormat.RAW));
        assertThat(refusal(alone, "qcow2", "<readonly/>")).isEqualTo(Problem.PACKAGE_MALFORMED);
        Manifest.Disk below = new Manifest.Disk("vda", List.of(QCOW2), new Manifest.Base(held, ImageFormat.QCOW2));
        assertThat(refusal(below, "qcow2", "")).isEqualTo(Problem.BASE_IMAGE_MISSING);
    }

    @Test
    void ourBaseImagesAreNotWrittenTo() throws Exception {
        Manifest.Disk disk = new Manifest.Disk("vda", List.of(), new Manifest.Base(held, ImageFormat.RAW));
        assertThat(refusal(disk, "raw", "")).isEqualTo(Problem.PACKAGE_MALFORMED);
    }

    /** With it a hypervisor would be started. */
    @Test
    void cookiesAreJudged() throws Exception {
        Manifest.Disk alone = new Manifest.Disk("vda", List.of(QCOW2), null);
        assertThat(refusal(alone, "qcow2", "", "<cookie><novelty path='/etc/shadow'/></cookie>"))
                .isEqualTo(Problem.DOMAIN_UNSUPPORTED);
        assertThat(refusal(
                        alone, "qcow2", "", "<!DOCTYPE cookie [<!ENTITY x SYSTEM '/etc/passwd'>]><cookie>&x;</cookie>"))
                .isEqualTo(Problem.DOMAIN_UNSUPPORTED);
        assertThat(refusal(alone, "qcow2", "", "<cookie>" + " ".repeat(64 << 20) + "</cookie>"))
                .isEqualTo(Problem.PACKAGE_LIMIT_EXCEEDED);
    }

    private Problem refusal(Manifest.Disk disk, String usedAs, String more) throws Exception {
        return refusal(disk, usedAs, more, null);
    }

    private Problem refusal(Manifest.Disk disk, String usedAs, String more, @Nullable String cookie) throws Exception {
        String xml = Domains.xml(
                "web-1", Domains.disk("vda", Path.of("/srv/vda"), usedAs).replace("</disk>", more + "</disk>"));
        InMemoryTransport transport = new InMemoryTransport();
        Path guests = directory.resolve("guests");
        try (OutgoingSession session = transport.open()) {
            CompletableFuture<Void> offering =
                    CompletableFuture.runAsync(() -> offer(session, manifest(disk), xml, cookie));
            VmmigException e =
                    catchThrowableOfType(VmmigException.class, () -> Receiver.of(new InMemoryHypervisor("host-b"))
                            .into(guests)
                            .state(state)
                            .receive(transport.accept(SOON))
                            .await(SOON));
            offering.join();
            assertThat(e).isNotNull();
            assertThat(guests.toFile().list()).satisfiesAnyOf(l -> assertThat(l).isNull(), l -> assertThat(l)
                    .isEmpty());
            return e.problem();
        }
    }

    private static void offer(OutgoingSession session, Manifest manifest, String xml, @Nullable String cookie) {
        assertThat(catchThrowableOfType(VmmigException.class, () -> session.offer(new Offer(manifest, xml, cookie))))
                .isNotNull();
    }

    private static Manifest manifest(Manifest.Disk disk) {
        return new Manifest(
                Manifest.FORMAT_VERSION,
                UUID.randomUUID(),
                "web-1",
                UUID.nameUUIDFromBytes("web-1".getBytes(java.nio.charset.StandardCharsets.UTF_8)),
                "x86_64",
                "pc-q35-7.2",
                "qemu",
                null,
                256L << 20,
                1,
                true,
                true,
                "7.2.11",
                "9.0.0",
                "host-a",
                Instant.now(),
                null,
                null,
                List.of(disk),
                List.of());
    }
}
