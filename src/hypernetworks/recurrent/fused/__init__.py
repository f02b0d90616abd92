"""The fast form of the recurrent cells: whole sequences as one operator; knows no cell."""
