// SPDX-License-Identifier: Apache-2.0
package io.vmmig.testkit.hostile;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import io.vmmig.Receiver;
import io.vmmig.bundle.PackageLimits;
import io.vmmig.bundle.PackageReader;
import io.vmmig.error.VmmigException;
import io.vmmig.hypervisor.Guest;
import io.vmmig.hypervisor.HostCapabilities;
import io.vmmig.hypervisor.Hypervisor;
import io.vmmig.hypervisor.RestoreRequest;
import io.vmmig.hypervisor.RestoringGuest;
import io.vmmig.state.HostState;
import io.vmmig.testkit.InMemoryHypervisor;
import io.vmmig.testkit.InMemoryPackage;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;

/** The corpus, against a whole receiver and against the reader alone. */
@Tag("once")
class HostilePackageTest extends HostilePackageContract {
    private static final Duration SOON = Duration.ofSeconds(30);

    @TempDir
    private Path directory;

    private final AtomicInteger number = new AtomicInteger();

    @Override
    protected Destination destination() {
        return new InMemoryDestination(directory.resolve("host-" + number.incrementAndGet()));
    }

    @Test
    void theCorpusIsLargeAndEachCaseHasAName() {
        List<HostilePackage> all = HostilePackages.all();
        assertThat(all).hasSizeGreaterThan(200);
        assertThat(all).extracting(HostilePackage::name).doesNotHaveDuplicates();
    }

    @TestFactory
    Stream<DynamicTest> isReadAsItShouldBe() {
        return HostilePackages.all().stream()
                .map(hostile -> DynamicTest.dynamicTest(hostile.toString(), () -> {
                    Throwable refusal = catchThrowable(() -> read(hostile.bytes()));
                    if (hostile.refusedByReader()) {
                        assertThat(refusal).isInstanceOfSatisfying(VmmigException.class, e -> assertThat(e.problem())
                                .as(e.getMessage())
                                .isEqualTo(hostile.problem()));
                    } else {
                        assertThat(refusal).isNull();
                    }
                }));
    }

    private static void read(byte[] bytes) throws VmmigException, IOException {
        try (PackageReader reader = PackageReader.from(new ByteArrayInputStream(bytes), PackageLimits.DEFAULT)) {
            for (PackageReader.Entry entry = reader.next(); entry != null; entry = reader.next()) {
                if (entry instanceof PackageReader.Entry.Content content) {
                    readAll(content.stream());
                }
            }
            reader.verify();
        }
    }

    private static void readAll(InputStream in) throws VmmigException, IOException {
        try {
            in.readAllBytes();
        } catch (IOException e) {
            if (e.getCause() instanceof VmmigException problem) {
                throw problem;
            }
            throw e;
        }
    }

    /** A receiver of an in-memory hypervisor. */
    private static final class InMemoryDestination implements Destination {
        private final Path guests;
        private final Path state;
        private final InMemoryHypervisor host = new InMemoryHypervisor("host-b");
        private final Watched watched = new Watched(host);

        InMemoryDestination(Path home) {
            this.guests = home.resolve("guests");
            this.state = home.resolve("state");
        }

        @Override
        public void receive(byte[] content) throws Exception {
            HostState store = HostState.open(state);
            try {
                Receiver.of(watched)
                        .acceptingUnsigned()
                        .into(guests)
                        .state(store)
                        .restore(new InMemoryPackage(content).open())
                        .await(SOON);
            } finally {
                store.images().references().close();
            }
        }

        @Override
        public boolean restoreBegun() {
            return watched.restores > 0;
        }

        private Stream<String> names() {
            try {
                return host.guests().stream().map(Hypervisor.GuestId::name);
            } catch (VmmigException e) {
                throw new AssertionError(e);
            }
        }

        @Override
        public Stream<String> leftBehind() throws IOException {
            Stream<String> names = names();
            if (!Files.exists(guests)) {
                return names;
            }
            try (Stream<Path> files = Files.walk(guests)) {
                List<String> left = files.filter(file -> !file.equals(guests))
                        .map(Path::toString)
                        .toList();
                return Stream.concat(names, left.stream());
            }
        }

        @Override
        public void close() {
            host.close();
        }
    }

    /** Counts restores. */
    private static final class Watched implements Hypervisor {
        private final Hypervisor hypervisor;
        private volatile int restores;

        Watched(Hypervisor hypervisor) {
            this.hypervisor = hypervisor;
        }

        @Override
        public HostCapabilities capabilities() throws VmmigException {
            return hypervisor.capabilities();
        }

        @Override
        public Guest guest(String name) throws VmmigException {
            return hypervisor.guest(name);
        }

        @Override
        public List<GuestId> guests() throws VmmigException {
            return hypervisor.guests();
        }

        @Override
        public List<FileInUse> filesInUse(UUID except) throws VmmigException {
            return hypervisor.filesInUse(except);
        }

        @Override
        public RestoringGuest restore(RestoreRequest request) throws VmmigException {
            restores++;
            return hypervisor.restore(request);
        }

        @Override
        public void close() {
            hypervisor.close();
        }
    }
}
