using System;
using System.Collections.Generic;
using Sosia.Core.Buses;
using Sosia.Core.Diagnostics;
using Sosia.Core.Memory;
using Sosia.Core.Time;
using Sosia.Devices.Pci;
using Sosia.Devices.Screen;
using Sosia.Devices.Tests.Support;
using Sosia.Devices.Vga;

namespace Sosia.Devices.Tests.Vga;

/// <summary>A board with nothing but a VGA on its buses, and what drivers do with one.</summary>
internal sealed class VgaBoard : IDisposable
{
    public const ulong FrameBuffer = 0xe000_0000;
    public const ulong Registers = 0xf000_0000;
    private const ulong VideoOffset = 0x10_0000;

    public VgaBoard(byte[]? rom = null)
    {
        Ram = new GuestRam(VideoOffset + VgaAdapter.RamByteCount);
        var log = new DiagnosticLog();
        Memory = new MemoryBus(Ram, log);
        Ports = new PortBus(log);
        Pci = new PciBus(Memory, Ports, null, log);
        Adapter = new VgaAdapter(Memory, Clock, VideoOffset, rom ?? []);
        Pci.Add(Adapter, 2);
        Adapter.Map(Ports);
        Adapter.WriteConfiguration(0x10, 4, (uint)FrameBuffer);
        Adapter.WriteConfiguration(0x18, 4, (uint)Registers);
        Adapter.WriteConfiguration(PciFunction.CommandOffset, 2, PciFunction.CommandMemory | PciFunction.CommandIo);
    }

    public GuestRam Ram { get; }

    public MemoryBus Memory { get; }

    public PortBus Ports { get; }

    public PciBus Pci { get; }

    public MachineClock Clock { get; } = new(ClockMode.Deterministic);

    public VgaAdapter Adapter { get; }

    public ScreenPicture Picture { get; } = new();

    public void Dispose() => Ram.Dispose();

    public void Out(int port, int value) => Ports.Write((ushort)port, 1, (uint)value);

    public byte In(int port) => (byte)Ports.Read((ushort)port, 1);

    /// <summary>Index and data in one 16-bit access, as drivers do it.</summary>
    public void Set(int indexPort, int index, int value) => Ports.Write((ushort)indexPort, 2, (uint)(index | (value << 8)));

    public int Get(int indexPort, int index)
    {
        Out(indexPort, index);
        return In(indexPort + 1);
    }

    public void SetAttribute(int index, int value)
    {
        In(0x3da);
        Out(0x3c0, index);
        Out(0x3c0, value);
        Out(0x3c0, 0x20);
    }

    public void Dispi(int index, int value)
    {
        Ports.Write(0x1ce, 2, (uint)index);
        Ports.Write(0x1cf, 2, (uint)value);
    }

    public int Dispi(int index)
    {
        Ports.Write(0x1ce, 2, (uint)index);
        return (int)Ports.Read(0x1cf, 2);
    }

    public void SetLinearMode(int width, int height, int bits)
    {
        Dispi(4, 0);
        Dispi(1, width);
        Dispi(2, height);
        Dispi(3, bits);
        Dispi(4, 0x41);
    }

    /// <summary>The registers of the BIOS's mode 13h (256 colours) on top of the text mode's.</summary>
    public void SetMode13()
    {
        Adapter.ShowTextScreen();
        Out(0x3c2, 0x63);
        Set(0x3c4, 1, 0x01);
        Set(0x3c4, 2, 0x0f);
        Set(0x3c4, 4, 0x0e);
        Set(0x3d4, 0x11, 0);
        Set(0x3d4, 0x09, 0x41);
        Set(0x3d4, 0x13, 0x28);
        Set(0x3d4, 0x14, 0x40);
        Set(0x3d4, 0x17, 0xa3);
        Set(0x3ce, 5, 0x40);
        Set(0x3ce, 6, 0x05);
        SetAttribute(0x10, 0x41);
        SetAttribute(0x13, 0);
        for (int color = 0; color < 256; color++)
        {
            SetColor(color, color & 63, color >> 2, 63 - (color & 63));
        }
    }

    /// <summary>The registers of the BIOS's mode 12h (640 × 480 in 16 colours) on top of the text mode's.</summary>
    public void SetMode12()
    {
        Adapter.ShowTextScreen();
        Out(0x3c2, 0xe3);
        Set(0x3c4, 1, 0x01);
        Set(0x3c4, 2, 0x0f);
        Set(0x3c4, 4, 0x06);
        Set(0x3d4, 0x11, 0);
        Set(0x3d4, 0x06, 0x0b);
        Set(0x3d4, 0x07, 0x3e);
        Set(0x3d4, 0x09, 0x40);
        Set(0x3d4, 0x12, 0xdf);
        Set(0x3d4, 0x13, 0x28);
        Set(0x3d4, 0x14, 0x00);
        Set(0x3d4, 0x17, 0xe3);
        Set(0x3d4, 0x18, 0xff);
        Set(0x3ce, 5, 0x00);
        Set(0x3ce, 6, 0x05);
        SetAttribute(0x10, 0x01);
        SetAttribute(0x13, 0);
        byte[] planes = new byte[0x1_0000];
        for (ulong i = 0; i < (ulong)planes.Length; i++)
        {
            Memory.Write(0xa_0000 + i, 1, 0);
        }
    }

    public void SetColor(int index, int red, int green, int blue)
    {
        Out(0x3c8, index);
        Out(0x3c9, red);
        Out(0x3c9, green);
        Out(0x3c9, blue);
    }

    /// <summary>Draws, and tells which parts of the picture changed.</summary>
    public List<ScreenRectangle> Draw()
    {
        long before = Picture.Version;
        if (Adapter.Capture())
        {
            Adapter.Render(Picture);
        }

        var changes = new List<ScreenRectangle>();
        Picture.ListChanges(before, new ScreenRectangle(0, 0, Picture.Width, Picture.Height), changes);
        return changes;
    }

    public int Pixel(int x, int y) => Picture.Line(y)[x];

    public void CopyTo(VgaBoard other)
    {
        byte[] video = new byte[VgaAdapter.RamByteCount];
        Ram.Read(VideoOffset, video);
        other.Ram.Write(VideoOffset, video);
        other.Clock.Restore(Clock.NowNanoseconds);
        TestBoard.Transfer(Pci, other.Pci);
        TestBoard.Transfer(Adapter, other.Adapter);
    }
}
