using System;
using System.Collections.Generic;
using System.IO;
using Sosia.Core;
using Sosia.Devices.Block;
using Sosia.Machines;

namespace Sosia.Control.Guests;

/// <summary>A guest of the catalogue: its description and where its files are.</summary>
public sealed class Guest
{
    internal Guest(GuestDescription description, string folder, string imageFolder)
    {
        Description = description;
        Folder = folder;
        ImageFolder = imageFolder;
    }

    /// <summary>What its <c>guest.json</c> says.</summary>
    public GuestDescription Description { get; }

    /// <summary>The folder of its <c>guest.json</c> and scripts.</summary>
    public string Folder { get; }

    /// <summary>Where its images are: <see cref="Folder"/>, or a folder of the cache if they have to be fetched.</summary>
    public string ImageFolder { get; }

    /// <summary>True when nothing has to be fetched before it can be run.</summary>
    public bool IsComplete => MissingFile() is null;

    /// <summary>The machine that the guest is made for, ready to be changed and created.</summary>
    /// <exception cref="SosiaException">An image is missing, or the description is wrong.</exception>
    public MachineOptions ToMachineOptions()
    {
        if (MissingFile() is { } missing)
        {
            throw new SosiaException(Description.Fetch is null
                ? $"The guest '{Description.Name}' lacks its file '{missing}'; run './sosia guests build {Description.Name}' or restore it from the repository."
                : $"The guest '{Description.Name}' has not been fetched; run './sosia guests fetch {Description.Name}'.");
        }

        List<DriveOptions> drives = [];
        foreach (string text in Description.Drives)
        {
            DriveOptions drive = DriveOptions.Parse(text);
            drives.Add(drive.HasMedium ? drive with { File = PathOf(drive.File) } : drive);
        }

        return new MachineOptions
        {
            Machine = Description.Machine,
            MemoryByteCount = MemorySize.Parse(Description.Memory),
            CpuCount = Description.Cpus,
            Kernel = PathOf(Description.Kernel),
            Initrd = Description.Initrd is null ? null : PathOf(Description.Initrd),
            Append = Description.Append,
            Drives = drives,
        };
    }

    private string PathOf(string file) => Path.GetFullPath(Path.Combine(ImageFolder, file));

    private string? MissingFile()
    {
        foreach (string? file in (ReadOnlySpan<string?>)[Description.Kernel, Description.Initrd])
        {
            if (file is not null && !File.Exists(PathOf(file)))
            {
                return PathOf(file);
            }
        }

        return null;
    }
}
