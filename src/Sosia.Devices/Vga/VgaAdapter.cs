using System;
using System.Numerics;
using Sosia.Core.Buses;
using Sosia.Core.Memory;
using Sosia.Core.Snapshots;
using Sosia.Core.Time;
using Sosia.Devices.Pci;
using Sosia.Devices.Screen;

namespace Sosia.Devices.Vga;

/// <summary>
/// A VGA with the Bochs display extension, as PCI function 1234:1111: linear frame buffer (base address register 0), registers in memory (2), option
/// ROM, the ports and the window at A0000h of every VGA. Video memory is a part of guest RAM, which processors access as such; what the guest has
/// changed is known page by page from <see cref="MemoryBus.TrackWrites"/>.
/// </summary>
public sealed class VgaAdapter : PciFunction, IScreenSource
{
    /// <summary>Who made it, for the PCI: the vendor ID of Bochs's adapter.</summary>
    public const ushort VendorId = 0x1234;

    /// <summary>What it is, for the PCI: the device ID of Bochs's adapter.</summary>
    public const ushort DeviceId = 0x1111;

    /// <summary>How much video memory the adapter has.</summary>
    public const uint MemoryByteCount = 16 << 20;

    /// <summary>Room for the option ROM.</summary>
    public const uint RomByteCount = 0x1_0000;

    /// <summary>How much of guest RAM it takes in all.</summary>
    public const uint RamByteCount = MemoryByteCount + RomByteCount;

    private const int DispiIndexPort = 0x1ce;
    private const int DispiPortCount = 3;

    // In pictures: half a period of the cursor; characters blink half as fast.
    private const int CursorFrames = 16;

    private readonly VgaState _state = new();
    private readonly VgaTiming _timing = new();
    private readonly MemoryBus _bus;
    private readonly MachineClock _clock;
    private readonly VgaMemory _memory;
    private readonly VgaPorts _ports;
    private readonly VgaWindow _window;
    private readonly Dispi _dispi;
    private readonly VgaScanout _scanout;
    private readonly VgaRenderer _renderer = new();

    /// <summary>Creates the adapter in its power-on state: nothing is shown.</summary>
    /// <param name="bus">The machine's address space.</param>
    /// <param name="clock">The machine's clock, for the beam and for what blinks.</param>
    /// <param name="ramOffset">Where in guest RAM its <see cref="RamByteCount"/> bytes lie; page-aligned, not mapped by anybody else.</param>
    /// <param name="rom">The option ROM's image; empty for none.</param>
    /// <exception cref="ArgumentException">The image has more than <see cref="RomByteCount"/> bytes.</exception>
    public VgaAdapter(MemoryBus bus, MachineClock clock, ulong ramOffset, ReadOnlySpan<byte> rom)
        : base("vga", new PciIdentity(VendorId, DeviceId, 0x030000, Revision: 2, SubsystemVendorId: 0x1af4, SubsystemId: 0x1100))
    {
        ArgumentNullException.ThrowIfNull(bus);
        _bus = bus;
        _clock = clock;
        _memory = new VgaMemory(bus.Ram, ramOffset, MemoryByteCount);
        _window = new VgaWindow(bus, _memory, _state);
        _ports = new VgaPorts(_state, _timing, clock, _window.Update);
        _dispi = new Dispi(_state, MemoryByteCount, _memory.Clear, RegistersChanged);
        _scanout = new VgaScanout { ChangedPages = new bool[MemoryByteCount / GuestRam.PageSize] };
        AddRamBar(0, MemoryByteCount, ramOffset);
        AddMemoryBar(2, VgaRegisterWindow.ByteCount, new VgaRegisterWindow(_ports, _dispi));
        if (!rom.IsEmpty)
        {
            if (rom.Length > RomByteCount)
            {
                throw new ArgumentException($"An option ROM of {rom.Length} bytes does not fit.", nameof(rom));
            }

            bus.Ram.Write(ramOffset + MemoryByteCount, rom);

            // Bochs's adapter, whose identity this one has, looks at the enable bit of the ROM only, and Bochs's BIOS copies the ROM before it enables memory.
            AddRom(Math.Max(4096, BitOperations.RoundUpToPowerOf2((uint)rom.Length)), ramOffset + MemoryByteCount, ignoresMemorySpace: true);
        }

        PutToPowerOn();
    }

    /// <summary>Claims the ports. (The window was mapped when the adapter was created.)</summary>
    public void Map(PortBus ports)
    {
        ArgumentNullException.ThrowIfNull(ports);
        _ports.Map(ports);
        ports.Map(DispiIndexPort, DispiPortCount, _dispi, Name);
    }

    /// <inheritdoc/>
    public override void Reset()
    {
        base.Reset();
        PutToPowerOn();
    }

    /// <summary>Does what an option ROM would do: shows an empty text screen of 80 × 25 characters.</summary>
    public void ShowTextScreen() => VgaTextMode.Set(_ports, _memory);

    /// <inheritdoc/>
    public override void Save(SnapshotWriter writer)
    {
        base.Save(writer);
        _state.Save(writer);
    }

    /// <inheritdoc/>
    public override void Restore(SnapshotReader reader)
    {
        base.Restore(reader);
        _state.Restore(reader);
        _scanout.IsChanged = true;
        RegistersChanged();
    }

    /// <inheritdoc/>
    public bool Capture()
    {
        bool changed = _scanout.State.CopyVisibleFrom(_state);
        if (changed || _scanout.IsChanged)
        {
            _scanout.Derive(MemoryByteCount);
        }

        if (_scanout.IsText)
        {
            long half = _clock.NowNanoseconds / (_timing.FrameNanoseconds * CursorFrames);
            changed |= _scanout.SetBlinking(showsCursor: (half & 1) == 0, showsBlinking: (half & 2) == 0);
        }

        _scanout.IsChanged |= changed;
        Span<bool> pages = _scanout.ChangedPages.AsSpan(_scanout.FirstPage, _scanout.PageCount);
        _bus.TrackWrites((_memory.RamOffset / GuestRam.PageSize) + (ulong)_scanout.FirstPage, pages);
        return _scanout.IsChanged || pages.Contains(true);
    }

    /// <inheritdoc/>
    public void Render(ScreenPicture picture)
    {
        ArgumentNullException.ThrowIfNull(picture);
        Span<bool> pages = _scanout.ChangedPages.AsSpan(_scanout.FirstPage, _scanout.PageCount);
        if (_scanout.IsChanged || pages.Contains(true))
        {
            picture.BeginChanges();
            _renderer.Render(_scanout, _memory.Bytes, picture);
            _scanout.IsChanged = false;
            pages.Clear();
        }
    }

    /// <inheritdoc/>
    public ScreenText? ReadText() => _renderer.ReadText(_scanout, _memory.Bytes);

    private void PutToPowerOn()
    {
        _state.Clear();
        RegistersChanged();
    }

    private void RegistersChanged()
    {
        _timing.Update(_state);
        _window.Update();
    }
}
