// SPDX-License-Identifier: Apache-2.0
package io.vmmig.handover;

import static org.assertj.core.api.Assertions.assertThat;

import io.vmmig.state.HostState;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** "Both ends" in {@code docs/hand-over.md} is true. */
@Tag("once")
class HandOverPageTest {
    @TempDir
    Path directory;

    private String[] parts = {};

    @BeforeEach
    void read() throws Exception {
        String page = Files.readString(Path.of("..", "docs", "hand-over.md"));
        parts = page.substring(page.indexOf("## Both ends\n"), page.indexOf("## Why it is right\n"))
                .split("```\n|\ndestination\n", 4);
    }

    private static List<String> found(String regex, String text) {
        return Pattern.compile(regex, Pattern.MULTILINE)
                .matcher(text)
                .results()
                .map(match -> match.group(1))
                .toList();
    }

    private static List<String> names(Enum<?>... states) {
        return Stream.of(states).map(Enum::name).toList();
    }

    @Test
    void theDiagramHasAllStates() {
        assertThat(found("\\b([A-Z_]{2,})\\b", parts[1]))
                .containsExactlyInAnyOrderElementsOf(names(SourceState.values()));
        assertThat(found("\\b([A-Z_]{2,})\\b", parts[2]))
                .containsExactlyInAnyOrderElementsOf(names(DestinationState.values()));
    }

    @Test
    void theTableHasWhatADestinationRecordsDurably() {
        assertThat(found("^\\| destination: ([A-Z_]+) \\|", parts[3]))
                .containsExactlyInAnyOrderElementsOf(names(Stream.of(DestinationState.values())
                        .filter(DestinationState::durable)
                        .toArray(DestinationState[]::new)));
    }

    @Test
    void theTableHasWhatASourceRecords() throws Exception {
        List<String> recorded = new ArrayList<>();
        for (boolean copy : new boolean[] {false, true}) {
            HostState state = HostState.open(directory.resolve(copy ? "packed" : "moved"));
            DepartureJournal.Facts facts = new DepartureJournal.Facts(
                    UUID.randomUUID(), "web-1", UUID.randomUUID(), true, copy, null, List.of(), null);
            try (DepartureJournal journal = DepartureJournal.begin(state, facts)) {
                Path file = DepartureJournal.all(state).get(0);
                recorded.add(Journal.glance(file).orElseThrow().state());
                journal.saved(false);
                recorded.add(Journal.glance(file).orElseThrow().state());
                if (copy) {
                    journal.copied();
                } else {
                    journal.commit(true);
                }
                recorded.add(Journal.glance(file).orElseThrow().state());
                journal.end();
                assertThat(DepartureJournal.all(state)).isEmpty();
            }
        }
        assertThat(found("^\\| source: ([A-Z_]+) \\|", parts[3]))
                .containsExactlyInAnyOrderElementsOf(
                        recorded.stream().distinct().toList());
    }
}
