import openpyxl

book = openpyxl.Workbook()
