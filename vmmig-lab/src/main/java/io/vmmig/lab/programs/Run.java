// SPDX-License-Identifier: Apache-2.0
package io.vmmig.lab.programs;

import com.sun.jdi.Bootstrap;
import com.sun.jdi.Field;
import com.sun.jdi.IncompatibleThreadStateException;
import com.sun.jdi.Method;
import com.sun.jdi.ObjectReference;
import com.sun.jdi.ReferenceType;
import com.sun.jdi.StringReference;
import com.sun.jdi.VMDisconnectedException;
import com.sun.jdi.Value;
import com.sun.jdi.VirtualMachine;
import com.sun.jdi.connect.Connector;
import com.sun.jdi.connect.IllegalConnectorArgumentsException;
import com.sun.jdi.connect.LaunchingConnector;
import com.sun.jdi.connect.VMStartException;
import com.sun.jdi.event.BreakpointEvent;
import com.sun.jdi.event.ClassPrepareEvent;
import com.sun.jdi.event.Event;
import com.sun.jdi.event.EventSet;
import com.sun.jdi.request.ClassPrepareRequest;
import io.vmmig.lab.Await;
import io.vmmig.lab.LabException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** A program in its own JVM. Its output goes to a file. */
final class Run implements AutoCloseable {
    private static final List<String> OPTIONS = List.of("-XX:TieredStopAtLevel=1", "-XX:+UseParallelGC", "-Xmx256m");

    private static final Duration TIME_TO_END = Duration.ofSeconds(20);

    private final Process process;
    private final Path output;

    private Run(Process process, Path output) {
        this.process = process;
        this.output = output;
    }

    private static String classPath() {
        String modules = System.getProperty("jdk.module.path");
        if (modules == null) {
            return System.getProperty("java.class.path");
        }
        // A module path may name a directory of jars; a class path has to name the jars.
        List<String> all = new ArrayList<>();
        for (String one : modules.split(":", -1)) {
            all.add(Files.isDirectory(Path.of(one)) ? one + "/*" : one);
        }
        return String.join(":", all);
    }

    static Run start(Program program, Path output, String... arguments) {
        List<String> words = new ArrayList<>();
        words.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        words.addAll(OPTIONS);
        words.addAll(List.of("-cp", classPath(), program.main()));
        words.addAll(List.of(arguments));
        try {
            return new Run(
                    new ProcessBuilder(words)
                            .redirectErrorStream(true)
                            .redirectOutput(output.toFile())
                            .start(),
                    output);
        } catch (IOException e) {
            throw new LabException("could not start " + program, e);
        }
    }

    /**
     * Starts a program and kills it, as {@code kill -9} does, when it reaches that step.
     *
     * @throws LabException when it ends before
     */
    static void killAt(Step step, Program program, Path output, String... arguments) {
        VirtualMachine machine = launch(program, arguments);
        Process process = machine.process();
        List<Thread> copiers = copy(process, output);
        try {
            ClassPrepareRequest loading = machine.eventRequestManager().createClassPrepareRequest();
            loading.addClassFilter(step.type());
            loading.enable();
            while (!comesTo(step, machine)) {
                machine.resume();
            }
        } catch (VMDisconnectedException e) {
            Await.until("its last words", TIME_TO_END, () -> copiers.stream().noneMatch(Thread::isAlive));
            throw new LabException(program + " has ended before it came to " + step + ": " + read(output), e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new LabException("interrupted", e);
        } finally {
            process.destroyForcibly();
            Await.until("the end of " + program, TIME_TO_END, () -> !process.isAlive());
        }
    }

    private static VirtualMachine launch(Program program, String... arguments) {
        LaunchingConnector connector = Bootstrap.virtualMachineManager().defaultConnector();
        Map<String, Connector.Argument> launch = connector.defaultArguments();
        argument(launch, "options").setValue(String.join(" ", OPTIONS) + " -cp " + classPath());
        argument(launch, "main").setValue(program.main() + " " + String.join(" ", arguments));
        try {
            return connector.launch(launch);
        } catch (IOException | IllegalConnectorArgumentsException | VMStartException e) {
            throw new LabException("could not start " + program, e);
        }
    }

    private static Connector.Argument argument(Map<String, Connector.Argument> arguments, String name) {
        Connector.Argument argument = arguments.get(name);
        if (argument == null) {
            throw new LabException("this JDK cannot launch programs under a debugger");
        }
        return argument;
    }

    /** Nobody else reads what it prints. */
    private static List<Thread> copy(Process process, Path output) {
        List<Thread> threads = new ArrayList<>();
        for (InputStream stream : List.of(process.getInputStream(), process.getErrorStream())) {
            Thread thread = new Thread(
                    () -> {
                        try (stream;
                                OutputStream out = Files.newOutputStream(
                                        output, StandardOpenOption.CREATE, StandardOpenOption.APPEND)) {
                            stream.transferTo(out);
                        } catch (IOException e) {
                            // It has been killed.
                        }
                    },
                    "output");
            thread.setDaemon(true);
            thread.start();
            threads.add(thread);
        }
        return threads;
    }

    /** Waits for the next event. */
    private static boolean comesTo(Step step, VirtualMachine machine) throws InterruptedException {
        EventSet events = machine.eventQueue().remove(TimeUnit.SECONDS.toMillis(60));
        if (events == null) {
            throw new LabException("no event before " + step);
        }
        boolean there = false;
        for (Event event : events) {
            if (event instanceof ClassPrepareEvent loaded) {
                watch(step, machine, loaded.referenceType());
            } else if (event instanceof BreakpointEvent stopped) {
                there |= step.isAt(firstArgument(stopped));
            }
        }
        return there;
    }

    private static void watch(Step step, VirtualMachine machine, ReferenceType type) {
        for (Method method : type.methodsByName(step.method())) {
            if (!method.isAbstract()) {
                machine.eventRequestManager()
                        .createBreakpointRequest(method.location())
                        .enable();
            }
        }
    }

    private static @Nullable String firstArgument(BreakpointEvent stopped) {
        try {
            List<Value> values = stopped.thread().frame(0).getArgumentValues();
            if (values.isEmpty() || !(values.get(0) instanceof ObjectReference object)) {
                return null;
            }
            Field name = object.referenceType().fieldByName("name");
            return name != null && object.getValue(name) instanceof StringReference text ? text.value() : null;
        } catch (IncompatibleThreadStateException e) {
            throw new LabException("the program does not stop", e);
        }
    }

    /** Whether it ends within that time. */
    boolean endsWithin(Duration time) {
        try {
            return process.waitFor(time.toMillis(), TimeUnit.MILLISECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new LabException("interrupted", e);
        }
    }

    boolean alive() {
        return process.isAlive();
    }

    /** Once it has ended. */
    boolean endedWell() {
        return process.exitValue() == 0;
    }

    /** What it has printed so far. */
    String said() {
        return read(output);
    }

    private static String read(Path file) {
        try {
            return Files.exists(file) ? Files.readString(file).strip() : "";
        } catch (IOException e) {
            throw new LabException("could not read " + file, e);
        }
    }

    @Override
    public void close() {
        process.destroyForcibly();
    }
}
