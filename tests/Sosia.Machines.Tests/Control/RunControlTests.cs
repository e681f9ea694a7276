using System;
using System.Linq;
using System.Text;
using System.Text.RegularExpressions;
using System.Threading;
using System.Threading.Tasks;
using Sosia.Control;
using Sosia.Core.Time;
using Xunit;

namespace Sosia.Machines.Tests.Control;

public sealed class RunControlTests : IDisposable
{
    // Generous: test machines are shared. Nothing waits this long unless it hangs.
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);

    // mov dx,3fd; in al,dx; test al,1; jz -5: until COM1 has received.
    private static readonly byte[] WaitForByte = [0x66, 0xba, 0xfd, 0x03, 0xec, 0xa8, 0x01, 0x74, 0xfb];

    private readonly TemporaryFiles _files = new();

    public void Dispose() => _files.Dispose();

    [Theory]
    [InlineData("pc", false)]
    [InlineData("pc", true)]
    [InlineData("microvm", false)]
    [InlineData("microvm", true)]
    public void A_flat_guest_prints_and_ends_through_the_debug_exit_port(string machine, bool is32Bit)
    {
        GuestCode code = new GuestCode().Print("hello\r\n", is32Bit).Out(0xf4, 21, is32Bit).Stop();
        using VirtualMachine vm = Create(code, is32Bit, machine);
        Assert.Equal("hello", vm.Console.Expect("hello"));
        RunResult result = vm.Run();
        Assert.Equal(new RunResult(StopReason.DebugExit, 43), result);
        Assert.Equal(43, result.ExitStatus);
        Assert.Equal("hello\r\n", vm.Console.Transcript);
        Assert.Equal(result, vm.Run());
    }

    [Fact]
    public void Acpi_soft_off_powers_the_pc_off()
    {
        using VirtualMachine vm = Create(new GuestCode().OutWord(0x604, 0x2000, true).Stop());
        Assert.Equal(StopReason.PoweredOff, vm.Run().Reason);
        Assert.Equal(0, vm.End!.Value.ExitStatus);
    }

    [Fact]
    public void The_sleep_control_register_powers_a_microvm_off()
    {
        using VirtualMachine vm = Create(new GuestCode().Out(0x600, (1 << 5) | (5 << 2), true).Stop(), machine: "microvm");
        Assert.Equal(StopReason.PoweredOff, vm.Run().Reason);
    }

    [Theory]
    [InlineData(0xcf9, 6)]
    [InlineData(0x64, 0xfe)]
    [InlineData(0x92, 1)]
    public void Every_way_to_reset_ends_with_status_3_under_no_reboot(int port, byte value)
    {
        using VirtualMachine vm = Create(new GuestCode().Out((ushort)port, value, true).Stop());
        RunResult result = vm.Run();
        Assert.Equal(StopReason.Reset, result.Reason);
        Assert.Equal(3, result.ExitStatus);
    }

    [Fact]
    public void A_reset_reloads_the_guest_and_leaves_nothing_of_the_devices_state()
    {
        // Prints a letter, makes the serial port's scratch register differ from its power-on value, resets: for ever.
        GuestCode code = new GuestCode().Print("a", true).Out(0x3fb, 0x83, true).Out(0xcf9, 6, true).Stop();
        using VirtualMachine vm = Create(code, noReboot: false);
        vm.Console.Expect("aaaa");
        Assert.InRange(vm.ResetCount, 3, int.MaxValue);
    }

    [Fact]
    public void A_triple_fault_ends_with_status_3_and_is_reported_before()
    {
        // lidt [a descriptor of zeros]; int3
        GuestCode code = new GuestCode().Raw(0x0f, 0x01, 0x1d, 0x00, 0x10, 0x00, 0x00, 0xcc);
        using VirtualMachine vm = Create(code);
        bool reported = false;
        vm.ShutDown = (_, _) => reported = true;
        RunResult result = vm.Run();
        Assert.Equal(StopReason.TripleFault, result.Reason);
        Assert.Equal(3, result.ExitStatus);
        Assert.True(reported);
    }

    [Fact]
    public void Step_retires_exactly_as_many_instructions_as_asked()
    {
        // inc eax, a hundred times; then spin
        var code = new GuestCode();
        for (int i = 0; i < 100; i++)
        {
            code.Raw(0x40);
        }

        using VirtualMachine vm = Create(code.Spin());
        Assert.Equal(StopReason.BudgetUsed, vm.Step(1).Reason);
        Assert.Equal(1u, vm.ReadRegister("rax"));
        vm.Step(41);
        Assert.Equal(42u, vm.ReadRegister("rax"));
        Assert.Equal(0x10_0000u + 42, vm.ReadRegister("rip"));
        vm.WriteRegister("rax", 1000);
        vm.Step(58);
        Assert.Equal(1058u, vm.ReadRegister("rax"));
        Assert.Equal(100, vm.Machine.Cpus[0].RetiredInstructions);
    }

    [Theory]
    [InlineData("interpreter")]
    [InlineData("recompiler")]
    public void A_block_does_not_lead_for_ever_to_where_the_instruction_pointer_was_set_between_two_runs(string engine)
    {
        // inc eax, as often as the longest block is long, and on; at 100100h: spin
        var code = new GuestCode();
        for (int i = 0; i < 0x100; i++)
        {
            code.Raw(0x40);
        }

        using VirtualMachine vm = Create(code.Spin(), engine: engine);
        vm.Step(64);
        vm.WriteRegister("rip", 0x10_0100);
        vm.Step(10);
        vm.WriteRegister("rip", 0x10_0000);
        vm.Step(100);
        Assert.Equal(0x10_0064u, vm.ReadRegister("rip"));
        Assert.Equal(164u, vm.ReadRegister("rax"));
    }

    [Fact]
    public void Pause_before_a_run_makes_it_return_at_once()
    {
        using VirtualMachine vm = Create(new GuestCode().Spin());
        vm.Pause();
        Assert.Equal(StopReason.Paused, vm.Run().Reason);
    }

    [Fact]
    public void A_condition_and_a_timeout_end_a_run()
    {
        using VirtualMachine vm = Create(new GuestCode().Spin());
        Assert.Equal(StopReason.ConditionMet, vm.RunUntil(() => vm.Machine.Cpus[0].RetiredInstructions > 100_000, TimeSpan.FromMinutes(5)).Reason);
        Assert.Equal(StopReason.TimedOut, vm.Run(TimeSpan.Zero).Reason);
        Assert.Equal(124, vm.Run(TimeSpan.Zero).ExitStatus);
    }

    [Fact]
    public void Expect_fails_with_the_last_output_when_the_guest_stops_for_ever()
    {
        using VirtualMachine vm = Create(new GuestCode().Print("only this", true).Stop());
        ExpectException error = Assert.Throws<ExpectException>(() => vm.Console.Expect("something else"));
        Assert.Contains("something else", error.Message, StringComparison.Ordinal);
        Assert.Contains("only this", error.Message, StringComparison.Ordinal);
        Assert.Equal(StopReason.Idle, error.Result.Reason);
    }

    [Fact]
    public void Expect_consumes_what_it_returns_and_takes_regular_expressions()
    {
        using VirtualMachine vm = Create(new GuestCode().Print("one 1 two 22 three", true).Stop());
        Assert.Equal("one", vm.Console.Expect("one"));
        Assert.Equal(" 1 two 22", vm.Console.Expect(new Regex("[0-9]{2}")));
        Assert.Equal(" three", vm.Console.Expect("three"));
    }

    [Fact]
    public void What_is_sent_arrives_however_long_it_is()
    {
        using VirtualMachine vm = Create(EchoingGuest());
        string text = new('x', 3000);
        vm.Console.Send(text + "!");
        Assert.Equal(text + "!", vm.Console.Expect("!"));
    }

    [Fact]
    public async Task Whoever_waits_for_room_in_a_serial_port_goes_on_when_the_guest_has_read()
    {
        using VirtualMachine vm = Create(EchoingGuest());
        vm.Console.Send(new string('x', 3000) + "!");
        Task<bool> room = Task.Run(() => vm.WaitForSerialRoom(0, 100));
        vm.Console.Expect("!");
        Assert.True(await room.WaitAsync(Patience));
    }

    [Fact]
    public async Task Whoever_waits_for_room_in_a_serial_port_is_told_that_the_machine_is_gone()
    {
        VirtualMachine vm = Create(EchoingGuest());
        vm.Console.Send("xx");
        Task<bool> room = Task.Run(() => vm.WaitForSerialRoom(0, 1));
        vm.Dispose();
        Assert.False(await room.WaitAsync(Patience));
    }

    [Fact]
    public async Task A_second_thread_waits_for_a_condition_of_the_machine_that_the_first_one_runs()
    {
        using VirtualMachine vm = Create(EchoingGuest());
        Task<RunResult> run = RunInBackground(vm);
        vm.Console.Send("hello");
        Assert.Equal("hello", vm.Console.Expect("hello"));
        Assert.Equal(StopReason.TimedOut, vm.RunUntil(() => false, TimeSpan.FromMilliseconds(1)).Reason);
        Assert.True(vm.IsRunning);
        vm.Pause();
        Assert.Equal(StopReason.Paused, (await run.WaitAsync(Patience)).Reason);
    }

    [Fact]
    public async Task A_second_thread_sees_a_condition_of_an_idle_machine_that_holds_already()
    {
        using VirtualMachine vm = Create(new GuestCode().Print("done", true).Stop());
        vm.Console.Expect("done");
        Task<RunResult> run = RunInBackground(vm);
        Assert.Equal(StopReason.ConditionMet, vm.RunUntil(() => true, Patience).Reason);
        vm.Pause();
        await run.WaitAsync(Patience);
    }

    [Fact]
    public async Task A_second_thread_that_waits_is_told_that_the_machine_has_ended()
    {
        // Waits for a byte from COM1, then ends.
        using VirtualMachine vm = Create(new GuestCode().Raw(WaitForByte).Out(0xf4, 21, true).Stop());
        Task<RunResult> run = RunInBackground(vm);
        Task<RunResult> wait = Task.Run(() => vm.RunUntil(() => false, Patience));
        vm.Console.Send("x");
        Assert.Equal(new RunResult(StopReason.DebugExit, 43), await wait.WaitAsync(Patience));
        await run.WaitAsync(Patience);
    }

    [Fact]
    public async Task A_condition_that_throws_fails_the_thread_that_waits_and_not_the_machine()
    {
        using VirtualMachine vm = Create(EchoingGuest());
        Task<RunResult> run = RunInBackground(vm);
        Assert.Throws<FormatException>(() => vm.RunUntil(() => throw new FormatException(), Patience));
        vm.Console.Send("hello");
        vm.Console.Expect("hello");
        vm.Pause();
        Assert.Equal(StopReason.Paused, (await run.WaitAsync(Patience)).Reason);
    }

    [Fact]
    public void Memory_is_read_and_written_physically_and_linearly()
    {
        using VirtualMachine vm = Create(new GuestCode().Spin());
        byte[] written = Encoding.ASCII.GetBytes("0123456789");
        Assert.True(vm.WritePhysical(0x20_0ffb, written));
        byte[] read = new byte[10];
        Assert.True(vm.ReadLinear(0x20_0ffb, read));
        Assert.Equal(written, read);
        Assert.True(vm.WriteLinear(0x20_0ffc, "ab"u8));
        Assert.True(vm.ReadPhysical(0x20_0ffb, read));
        Assert.Equal("0ab3456789", Encoding.ASCII.GetString(read));
        Assert.False(vm.ReadPhysical(0xd000_0000, read));
    }

    [Fact]
    public void A_patched_instruction_is_executed_even_though_the_old_one_was_decoded()
    {
        // inc eax; jmp start
        using VirtualMachine vm = Create(new GuestCode().Raw(0x40, 0xeb, 0xfd));
        vm.Step(1000);
        vm.WriteRegister("rax", 5000);
        vm.WritePhysical(0x10_0000, [0x48]);
        vm.Step(200);
        Assert.Equal(4900u, vm.ReadRegister("rax"));
    }

    [Fact]
    public void A_deterministic_machine_has_the_same_history_twice()
    {
        string Run()
        {
            using VirtualMachine vm = Create(TickingGuest(), clock: ClockMode.Deterministic);
            vm.Console.Expect("tttttttt");
            return $"{vm.Machine.Cpus[0].RetiredInstructions} {vm.Machine.Clock.NowNanoseconds}";
        }

        Assert.Equal(Run(), Run());
    }

    [Fact]
    public void Steady_state_allocates_nothing()
    {
        using VirtualMachine vm = Create(TickingGuest(), clock: ClockMode.Deterministic);
        vm.Step(300_000);
        long before = GC.GetAllocatedBytesForCurrentThread();
        vm.Step(300_000);
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    [Fact]
    public void Statistics_tell_what_happened()
    {
        using VirtualMachine vm = Create(new GuestCode().Print("hi", true).Out(0xf4, 0, true));
        vm.Run();
        MachineStats stats = vm.GetStats();
        Assert.Equal(EngineRegistry.Describe().First(static e => e.WhyNot is null).Name, stats.Engine);
        Assert.InRange(stats.InstructionsRetired, 8, 9);
        Assert.Equal(3, stats.DeviceAccesses);
        Assert.InRange(stats.PeakMemoryBytes, 1 << 20, long.MaxValue);
    }

    /// <summary>A 32-bit guest that programs the timer to 1 kHz and prints a "t" per interrupt, halting in between.</summary>
    internal static GuestCode TickingGuest()
    {
        const bool Is32 = true;
        GuestCode code = new GuestCode()
            .Out(0x20, 0x11, Is32).Out(0x21, 0x20, Is32).Out(0x21, 4, Is32).Out(0x21, 1, Is32).Out(0x21, 0xfe, Is32).Out(0xa1, 0xff, Is32)
            .Out(0x43, 0x34, Is32).Out(0x40, 0xa9, Is32).Out(0x40, 4, Is32);
        // The gate of vector 0x20 at 0x1100: offset 0x100200, selector 0x10, 32-bit interrupt gate. mov dword [..], imm
        code.Raw(0xc7, 0x05, 0x00, 0x11, 0x00, 0x00, 0x00, 0x02, 0x10, 0x00);
        code.Raw(0xc7, 0x05, 0x04, 0x11, 0x00, 0x00, 0x00, 0x8e, 0x10, 0x00);
        // lidt with limit 0x7ff and base 0x1000, written to 0x1f00; stack; sti; hlt; jmp to the hlt.
        code.Raw(0x66, 0xc7, 0x05, 0x00, 0x1f, 0x00, 0x00, 0xff, 0x07);
        code.Raw(0xc7, 0x05, 0x02, 0x1f, 0x00, 0x00, 0x00, 0x10, 0x00, 0x00);
        code.Raw(0x0f, 0x01, 0x1d, 0x00, 0x1f, 0x00, 0x00);
        code.Raw(0xbc, 0x00, 0x70, 0x00, 0x00, 0xfb, 0xf4, 0xeb, 0xfd);
        while (code.Length < 0x200)
        {
            code.Raw(0x90);
        }

        // push eax; push edx; print; end of interrupt; pop edx; pop eax; iret
        return code.Raw(0x50, 0x52).Print("t", Is32).Out(0x20, 0x20, Is32).Raw(0x5a, 0x58, 0xcf);
    }

    [Fact]
    public void A_guest_that_stays_idle_under_the_fast_clock_does_not_keep_the_host_busy()
    {
        // A periodic timer of about 10 ms, and nobody who waits for it.
        GuestCode code = new GuestCode().Out(0x43, 0x34, true).Out(0x40, 0x9c, true).Out(0x40, 0x2e, true).Stop();
        using VirtualMachine vm = Create(code, clock: ClockMode.Fast);
        Assert.Equal(StopReason.TimedOut, vm.Run(TimeSpan.FromMilliseconds(700)).Reason);
        // 10 s of jumps, then one at most every millisecond: 17 s in all. Without rests it would be minutes.
        Assert.InRange(vm.Machine.Clock.NowNanoseconds, 0, 25_000_000_000);
    }

    private static GuestCode EchoingGuest()
        // ... mov dx,3f8; in al,dx; out dx,al; jmp start
        => new GuestCode().Raw(WaitForByte).Raw(0x66, 0xba, 0xf8, 0x03, 0xec, 0xee, 0xeb, 0xef);

    private static Task<RunResult> RunInBackground(VirtualMachine vm)
    {
        Task<RunResult> run = Task.Factory.StartNew(vm.Run, TaskCreationOptions.LongRunning);
        Assert.True(SpinWait.SpinUntil(() => vm.IsRunning, Patience));
        return run;
    }

    private VirtualMachine Create(GuestCode code, bool is32Bit = true, string machine = "pc", bool noReboot = true, ClockMode clock = ClockMode.RealTime, string engine = "auto")
        => VirtualMachine.Create(new MachineOptions
        {
            Machine = machine,
            Engine = engine,
            MemoryByteCount = 16 << 20,
            Kernel = _files.Write("guest.bin", code.ToArray()),
            LoadAddress = is32Bit ? 0x10_0000u : 0x7c00u,
            DebugExitPort = 0xf4,
            NoReboot = noReboot,
            ClockMode = clock,
        });
}
