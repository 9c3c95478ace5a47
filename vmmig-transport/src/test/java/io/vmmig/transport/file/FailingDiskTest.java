// SPDX-License-Identifier: Apache-2.0
package io.vmmig.transport.file;

import static io.vmmig.transport.testing.Problems.assertProblem;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.vmmig.error.Problem;
import io.vmmig.error.VmmigException;
import io.vmmig.transport.HandOverJournal;
import io.vmmig.transport.Outcome;
import io.vmmig.transport.PackageUpload;
import io.vmmig.transport.stored.PackageSealing;
import io.vmmig.transport.testing.Packages;
import io.vmmig.transport.testing.Samples;
import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** File systems that fail as a package gets its name, or say so: what there is tells who has the guest. */
@Tag("once")
class FailingDiskTest {
    private static final UUID ID = Samples.manifest().packageId();

    /** What the file system does when it is to give the package its name. */
    private enum Naming {
        /** It does it. */
        DONE,
        /** It does it, and says that it has failed. */
        DONE_BUT_FAILED,
        /** It does it, and says to the repeated request that something has that name, as NFS does. */
        DONE_BUT_EXISTS,
        /** It fails. */
        FAILED
    }

    private record Disk(Naming naming, boolean syncs) {
        Names names() {
            return new Names() {
                @Override
                void publish(Path part, Path file) throws IOException {
                    if (naming != Naming.FAILED) {
                        super.publish(part, file);
                    }
                    say(file);
                }

                @Override
                void replace(Path part, Path file) throws IOException {
                    if (naming != Naming.FAILED) {
                        super.replace(part, file);
                    }
                    say(file);
                }

                @Override
                void sync(Path directory) throws IOException {
                    if (!syncs) {
                        throw new IOException("Input/output error");
                    }
                }
            };
        }

        private void say(Path file) throws IOException {
            switch (naming) {
                case DONE -> {}
                case DONE_BUT_EXISTS -> throw new FileAlreadyExistsException(file.toString());
                case DONE_BUT_FAILED, FAILED -> throw new IOException("Input/output error");
            }
        }
    }

    @TempDir
    Path directory;

    private @Nullable VmmigException commit(Disk disk, boolean replacing, HandOverJournal journal) throws Exception {
        Path file = directory.resolve("web-1.vmmig");
        if (replacing) {
            Files.writeString(file, "an earlier package");
        }
        try (PackageUpload upload =
                new FileUpload(file, replacing, List.of(), PackageSealing.UNDECIDED.unsealed(), disk.names())) {
            upload.begin(Samples.manifest());
            Packages.write(upload.packageStream(), Samples.offer(), 1000);
            upload.finish();
            return catchThrowableOfType(VmmigException.class, () -> upload.publish(journal));
        }
    }

    private boolean isThere() throws IOException {
        Path file = directory.resolve("web-1.vmmig");
        return Files.exists(file) && Files.size(file) > 100;
    }

    @ParameterizedTest
    @CsvSource({
        "DONE, true, false, true",
        "DONE, true, true, true",
        "DONE, false, false, true",
        "DONE, false, true, true",
        "DONE_BUT_FAILED, true, false, true",
        "DONE_BUT_FAILED, true, true, true",
        "DONE_BUT_EXISTS, true, false, true",
        "FAILED, true, false, false",
        "FAILED, true, true, false",
    })
    void whatThereIsCounts(Naming naming, boolean syncs, boolean replacing, boolean there) throws Exception {
        HandOverJournal journal = HandOverJournal.inMemory();
        VmmigException e = commit(new Disk(naming, syncs), replacing, journal);

        assertThat(isThere()).isEqualTo(there);
        if (there) {
            assertThat(e).isNull();
        } else {
            assertProblem(e, Problem.FILE_FAILED);
        }
        try (var files = Files.list(directory)) {
            assertThat(files).hasSize(there || replacing ? 1 : 0);
        }
        PackageFile after = PackageFile.at(directory.resolve("web-1.vmmig"));
        assertThat(after.outcomeOf(ID, journal)).isEqualTo(there ? Outcome.TAKEN : Outcome.UNHEARD_OF);
    }

    /** An older package in its place is not this one, though this one's part is gone. */
    @ParameterizedTest
    @CsvSource({"false", "true"})
    void anotherFileOfThatNameIsNotThePackage(boolean replacing) throws Exception {
        HandOverJournal journal = HandOverJournal.inMemory();
        assertThat(commit(new Disk(Naming.DONE, true), replacing, journal)).isNull();
        Path file = directory.resolve("web-1.vmmig");
        Path kept = directory.resolve("kept");
        Files.move(file, kept);
        Files.writeString(file, "an earlier package");

        assertThat(PackageFile.at(file).outcomeOf(ID, journal)).isEqualTo(Outcome.UNHEARD_OF);
        Files.delete(file);
        assertThat(PackageFile.at(file).outcomeOf(ID, journal)).isEqualTo(Outcome.UNHEARD_OF);
        Files.move(kept, file);
        assertThat(PackageFile.at(file).outcomeOf(ID, journal)).isEqualTo(Outcome.TAKEN);
    }
}
