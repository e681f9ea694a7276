using System;
using System.Collections.Generic;
using System.Text;
using Sosia.Devices.Virtio;
using Xunit;

namespace Sosia.Devices.Tests.Virtio;

public sealed class VirtioConsoleTests : IDisposable
{
    private const ulong Data = VirtioBench.RamBase + 0x10_0000;

    private readonly VirtioBench _bench = new();
    private readonly CollectingConsole _output = new();

    public void Dispose() => _bench.Dispose();

    [Fact]
    public void Output_of_several_buffers_arrives_in_order()
    {
        (_, MmioGuestDriver driver) = Create();
        driver.Start(0, 2, 8);
        Put(Data, "Hello, ");
        Put(Data + 100, "world\n");
        driver.Submit(1, new(Data, 7), new(Data + 100, 6));
        Assert.Equal("Hello, world\n", _output.Text);
        Assert.True(driver.Queues[1].TryTake(out _, out _));
        Assert.Equal(1u, driver.TakeInterrupts());
    }

    [Fact]
    public void Input_goes_into_waiting_buffers_and_what_is_left_waits()
    {
        (VirtioConsoleDevice device, MmioGuestDriver driver) = Create();
        Assert.Equal(3, device.Console.Receive("abc"u8));
        driver.Start(0, 2, 8);
        driver.Submit(0, new GuestBuffer(Data, 2, true));
        Assert.True(driver.Queues[0].TryTake(out _, out uint written));
        Assert.Equal(2u, written);
        Assert.Equal("ab", Get(Data, 2));
        driver.Submit(0, new GuestBuffer(Data, 64, true));
        driver.Submit(0, new GuestBuffer(Data + 64, 64, true));
        Assert.True(driver.Queues[0].TryTake(out _, out written));
        Assert.Equal(1u, written);
        device.Console.Receive("xyz"u8);
        Assert.True(driver.Queues[0].TryTake(out _, out written));
        Assert.Equal(3u, written);
        Assert.Equal("xyz", Get(Data + 64, 3));
        Assert.False(driver.Queues[0].TryTake(out _, out _));
    }

    [Fact]
    public void Input_is_bounded_and_room_is_announced()
    {
        (VirtioConsoleDevice device, MmioGuestDriver driver) = Create();
        driver.Start(VirtioFeatures.EventIndex, 2, 8);
        byte[] pending = new byte[10_000];
        for (int i = 0; i < pending.Length; i++)
        {
            pending[i] = (byte)i;
        }

        int sent = device.Console.Receive(pending);
        Assert.True(sent < pending.Length);
        Assert.Equal(0, device.Console.ReceiveRoom);
        device.Console.RoomAvailable = () => sent += device.Console.Receive(pending.AsSpan(sent));
        List<byte> got = [];
        for (int round = 0; round < 12; round++)
        {
            driver.Submit(0, new GuestBuffer(Data, 1000, true));
            _bench.Step();
            while (driver.Queues[0].TryTake(out _, out uint written))
            {
                byte[] bytes = new byte[written];
                _bench.Memory.ReadBytes(Data, bytes);
                got.AddRange(bytes);
            }
        }

        Assert.Equal(pending, got);
    }

    [Fact]
    public void Resize_changes_the_configuration_space()
    {
        (VirtioConsoleDevice device, MmioGuestDriver driver) = Create();
        driver.Start(1, 2, 8);
        device.Resize(132, 43);
        Assert.Equal(132u, driver.ReadConfiguration(0, 2));
        Assert.Equal(43u, driver.ReadConfiguration(2, 2));
        Assert.Equal(2u, driver.TakeInterrupts());
    }

    [Fact]
    public void Waiting_input_survives_save_and_restore()
    {
        (VirtioConsoleDevice device, MmioGuestDriver driver) = Create();
        driver.Start(0, 2, 8);
        device.Console.Receive("typed before the snapshot"u8);
        using var other = new VirtioBench();
        var restored = new VirtioConsoleDevice(other.Context, "console", new CollectingConsole());
        var restoredDriver = new MmioGuestDriver(other, restored);
        other.CopyRamFrom(_bench);
        VirtioBench.Transfer([(device, restored), (driver.Transport, restoredDriver.Transport)]);
        GuestQueue queue = driver.Queues[0].MoveTo(other);
        queue.Add(new GuestBuffer(Data, 64, true));
        restoredDriver.Notify(0);
        Assert.True(queue.TryTake(out _, out uint written));
        byte[] bytes = new byte[written];
        other.Memory.ReadBytes(Data, bytes);
        Assert.Equal("typed before the snapshot", Encoding.ASCII.GetString(bytes));
    }

    [Fact]
    public void The_control_protocol_announces_console_and_named_ports()
    {
        (VirtioConsoleDevice device, MmioGuestDriver driver, CollectingConsole agent) = CreateMultiport();
        Assert.Equal(2u, driver.ReadConfiguration(4, 4));
        driver.Start(3, 6, 16);
        for (uint i = 0; i < 12; i++)
        {
            driver.Submit(2, new GuestBuffer(Data + (i * 64), 64, true));
        }

        SendControl(driver, 0, 0, 1);
        Assert.Equal(["0:1:1", "1:1:1"], TakeControl(driver));
        SendControl(driver, 0, 3, 1);
        Assert.Equal(["0:4:1", "0:5:0 50001900", "0:6:1"], TakeControl(driver));
        SendControl(driver, 1, 3, 1);
        Assert.Equal(["1:7:1 6167656e74", "1:6:1"], TakeControl(driver));
        device.Resize(100, 50);
        Assert.Equal(["0:5:0 64003200"], TakeControl(driver));

        // Input for a port waits until the guest opens it.
        device.Port(1).Receive("hi"u8);
        driver.Submit(4, new GuestBuffer(Data + 0x1000, 16, true));
        Assert.False(driver.Queues[4].TryTake(out _, out _));
        SendControl(driver, 1, 6, 1);
        Assert.True(driver.Queues[4].TryTake(out _, out uint written));
        Assert.Equal("hi", Get(Data + 0x1000, (int)written));
        Put(Data + 0x2000, "yo");
        driver.Submit(5, new GuestBuffer(Data + 0x2000, 2));
        Assert.Equal("yo", agent.Text);
        Assert.Equal(string.Empty, _output.Text);
    }

    [Fact]
    public void Control_answers_that_nobody_takes_are_bounded()
    {
        (_, MmioGuestDriver driver, _) = CreateMultiport();
        driver.Start(3, 6, 16);
        for (int i = 0; i < 1000; i++)
        {
            SendControl(driver, 0, 0, 1);
        }

        Assert.True(_bench.Misuse("console") > 0);
        Assert.Equal(VirtioStatus.DriverOk, driver.Status & (VirtioStatus.DriverOk | VirtioStatus.DeviceNeedsReset));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Random_rings_never_throw_or_hang(bool isMultiport)
        => VirtioFuzzTests.Fuzz(31, 400, bench =>
        {
            VirtioConsoleDevice device = isMultiport
                ? new VirtioConsoleDevice(bench.Context, "console", _output, [("agent", new CollectingConsole())])
                : new VirtioConsoleDevice(bench.Context, "console", _output);
            byte[] input = new byte[64];
            device.Console.RoomAvailable = () => device.Console.Receive(input);
            device.Console.Receive(input);
            return new MmioGuestDriver(bench, device);
        }, queueCount: isMultiport ? 6 : 2);

    private (VirtioConsoleDevice Device, MmioGuestDriver Driver) Create()
    {
        var device = new VirtioConsoleDevice(_bench.Context, "console", _output);
        return (device, new MmioGuestDriver(_bench, device));
    }

    private (VirtioConsoleDevice Device, MmioGuestDriver Driver, CollectingConsole Agent) CreateMultiport()
    {
        var agent = new CollectingConsole();
        var device = new VirtioConsoleDevice(_bench.Context, "console", _output, [("agent", agent)]);
        return (device, new MmioGuestDriver(_bench, device), agent);
    }

    private void SendControl(MmioGuestDriver driver, uint port, ushort what, ushort value)
    {
        const ulong At = Data + 0x8000;
        _bench.Memory.Write(At, 4, port);
        _bench.Memory.Write(At + 4, 2, what);
        _bench.Memory.Write(At + 6, 2, value);
        driver.Submit(3, new GuestBuffer(At, 8));
        Assert.True(driver.Queues[3].TryTake(out _, out _));
    }

    // "port:event:value payload" of every answer; the buffer of each is that of its descriptor.
    private List<string> TakeControl(MmioGuestDriver driver)
    {
        List<string> messages = [];
        while (driver.Queues[2].TryTake(out ushort head, out uint written))
        {
            ulong at = _bench.Memory.Read(driver.Queues[2].DescriptorTable + (16UL * head), 8);
            byte[] payload = new byte[written - 8];
            _bench.Memory.ReadBytes(at + 8, payload);
            string text = $"{_bench.Memory.Read(at, 4)}:{_bench.Memory.Read(at + 4, 2)}:{_bench.Memory.Read(at + 6, 2)} {Convert.ToHexStringLower(payload)}";
            messages.Add(text.TrimEnd());
        }

        return messages;
    }

    private void Put(ulong guestPhysical, string text) => _bench.Memory.WriteBytes(guestPhysical, Encoding.ASCII.GetBytes(text));

    private string Get(ulong guestPhysical, int byteCount)
    {
        byte[] bytes = new byte[byteCount];
        _bench.Memory.ReadBytes(guestPhysical, bytes);
        return Encoding.ASCII.GetString(bytes);
    }
}
